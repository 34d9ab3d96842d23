import { catalogue, type BinaryName } from './catalogue.ts';

/** One line for people: what is being obtained, how far it is, how long it takes. */
export type ProgressLine = string;

const reportEveryMs = 5_000;

export interface Progress {
  /** Takes what pip and go print. */
  readonly onLine: (line: string) => void;
  /** Ends the reports; says how long it took. */
  done(): void;
  stop(): void;
}

/** Reports at the start, every 5 s, and at the end. */
export function startProgress(name: BinaryName, report: (line: ProgressLine) => void): Progress {
  const { version, typicalSeconds, packages } = catalogue[name];
  const title = `${name} ${version}`;
  const started = performance.now();
  let compiled = 0;
  let downloaded = 0;
  const typical = `about ${duration(typicalSeconds)} when nothing is cached`;
  report(`${title}: obtaining (${typical})`);
  const elapsed = (): string => duration(Math.round((performance.now() - started) / 1000));
  const timer = setInterval(() => {
    const parts = [
      downloaded > 0 ? `${downloaded} modules downloaded` : '',
      compiled > 0 ? `${compiled} packages compiled of at most ${Math.max(packages ?? 0, compiled)}` : '',
    ].filter((part) => part !== '');
    report(`${title}: ${elapsed()}, ${[...parts, typical].join(', ')}`);
  }, reportEveryMs);
  return {
    onLine(line) {
      if (line.startsWith('go: downloading ')) downloaded += 1;
      else if (/^[\w.-]+(\/[\w.-]+)*$/.test(line)) compiled += 1; // `go build -v` names each package
    },
    done: () => report(`${title}: obtained in ${elapsed()}`),
    stop: () => clearInterval(timer),
  };
}

function duration(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
