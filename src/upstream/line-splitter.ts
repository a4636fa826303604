/** Splits a stream of bytes into lines, each bounded: a line without an end costs no more than the bound. */

const LINE_FEED = 10;

export interface LineSplitter {
  /** Takes the next bytes; calls back for every line that they end. */
  push(chunk: Buffer): void;
}

export interface LineSplitterOptions {
  readonly maxBytes: number;
  /** A line without its end. */
  readonly onLine: (line: string) => void;
  /** Once for each line that is longer; the rest of it is dropped. */
  readonly onTooLong: () => void;
}

export function createLineSplitter({ maxBytes, onLine, onTooLong }: LineSplitterOptions): LineSplitter {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let isTooLong = false;

  const hold = (part: Buffer): void => {
    if (isTooLong) return;
    held.push(part);
    heldBytes += part.length;
    if (heldBytes <= maxBytes) return;
    isTooLong = true;
    held = [];
    onTooLong();
  };

  const endLine = (): void => {
    const line = isTooLong ? undefined : Buffer.concat(held).toString('utf8').replace(/\r$/u, '');
    held = [];
    heldBytes = 0;
    isTooLong = false;
    if (line !== undefined) onLine(line);
  };

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
        hold(chunk.subarray(start, end));
        endLine();
        start = end + 1;
      }
      if (start < chunk.length) hold(chunk.subarray(start));
    },
  };
}
