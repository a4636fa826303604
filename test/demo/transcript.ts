/**
 * Prints the demonstration as plain text: what the agent asks, what it is told, and what happens beside it.
 */
export interface Transcript {
  /** Begins a numbered step. */
  step(title: string): void;
  /** Something that the agent does not see. */
  aside(text: string): void;
  asks(tool: string, args: Readonly<Record<string, unknown>>): void;
  isTold(answer: unknown): void;
}

export function createTranscript(print: (line: string) => void = console.log): Transcript {
  let steps = 0;
  return {
    step: (title) => {
      steps += 1;
      print(`\n${steps}. ${title}`);
    },
    aside: (text) => print(`   ${text}`),
    asks: (tool, args) => print(`   agent  -> ${tool} ${JSON.stringify(args)}`),
    isTold: (answer) => print(indent(`agent <- ${JSON.stringify(answer, null, 2)}`)),
  };
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '   ');
}
