import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isLeaseHolderGone, ownLeaseHolder } from '../../../src/vault/lease-holder.js';

const [place = '', , started = ''] = ownLeaseHolder().split(' ');

async function goneProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

describe('a holder of a lease', () => {
  it('is there as long as its process is', () => {
    expect(isLeaseHolderGone(ownLeaseHolder())).toBe(false);
  });

  it('R04 is gone when its process is', async () => {
    expect(isLeaseHolderGone(`${place} ${await goneProcess()} ${started}`)).toBe(true);
  });

  it.runIf(process.platform === 'linux')('is gone when its number was given to another process', () => {
    expect(isLeaseHolderGone(`${place} ${process.pid} 1`)).toBe(true);
  });

  it('is believed alive in another container, on another machine, or before another boot', async () => {
    expect(isLeaseHolderGone(`elsewhere ${await goneProcess()} ${started}`)).toBe(false);
  });

  it.each(['', 'a', `${place} 0 1`, `${place} -1 1`, `${place} x 1`])(
    'is believed alive where "%s" says nothing',
    (holder) => {
      expect(isLeaseHolderGone(holder)).toBe(false);
    },
  );
});
