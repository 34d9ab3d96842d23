/** Changes that come together are handled together. */
const settleMs = 15;
/** Everything is looked at again this often: start-up delays, back-offs, failed writes. */
const tickMs = 200;

export interface Loop {
  readonly changed: () => void;
  readonly stop: () => void;
}

/** Runs `work` soon after a change and on every tick, never twice at once; a change while it runs starts it again. */
export function createLoop(work: () => Promise<void>): Loop {
  let scheduled: NodeJS.Timeout | undefined;
  let running = false;
  let again = false;

  async function run(): Promise<void> {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        await work();
      } while (again);
    } finally {
      running = false;
    }
  }

  const ticker = setInterval(() => void run(), tickMs);
  return {
    changed: () => {
      scheduled ??= setTimeout(() => {
        scheduled = undefined;
        void run();
      }, settleMs);
    },
    stop: () => {
      clearInterval(ticker);
      clearTimeout(scheduled);
    },
  };
}
