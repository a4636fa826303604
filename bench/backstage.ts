/** Starts `backstage-process.ts` and asks it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface BackstageOptions {
  readonly extraTools: number;
  readonly accessTokenTtlSeconds: number;
}

export interface BackstageAnswer {
  readonly url?: string;
  readonly accessToken?: string;
  readonly refreshCount?: number;
}

export interface Backstage {
  /** Of the protected MCP server. */
  readonly url: string;
  /** A token that it accepts, for a client without OAuth. */
  readonly accessToken: string;
  refreshCount(): Promise<number>;
  forgetRequests(): void;
  close(): Promise<void>;
}

const A_DAY_SECONDS = 86_400;

export async function startBackstage(options: Partial<BackstageOptions> = {}): Promise<Backstage> {
  const script = fileURLToPath(new URL('./backstage-process.ts', import.meta.url));
  const wanted: BackstageOptions = { extraTools: 0, accessTokenTtlSeconds: A_DAY_SECONDS, ...options };
  const child = fork(script, [JSON.stringify(wanted)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const { url = '', accessToken = '' } = await nextAnswer(child);
  return {
    url,
    accessToken,
    refreshCount: async () => {
      child.send('refreshCount');
      return (await nextAnswer(child)).refreshCount ?? Number.NaN;
    },
    forgetRequests: () => void child.send('forgetRequests'),
    close: async () => {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

async function nextAnswer(child: ChildProcess): Promise<BackstageAnswer> {
  const left = once(child, 'exit').then(([code]) => {
    throw new Error(`The servers of the benchmark left with ${code}.`);
  });
  const [message] = await Promise.race([once(child, 'message'), left]);
  return message as BackstageAnswer;
}
