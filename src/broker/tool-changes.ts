/** Passes on that the tools of some server may be others than before: that a server told so, or that a sign-in ended. */
export interface ToolChanges {
  announce(): void;
  /** Calls `listener` at every announcement, however often they come. */
  listen(listener: () => void): void;
}

export function createToolChanges(): ToolChanges {
  const listeners: (() => void)[] = [];
  return {
    announce() {
      for (const listener of listeners) listener();
    },
    listen: (listener) => void listeners.push(listener),
  };
}
