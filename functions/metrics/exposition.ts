/** Counters and histograms in Prometheus' text format 0.0.4: as much of it as the front door has to tell. */

type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(labels: Labels, by?: number): void;
}

export interface Histogram {
  observe(labels: Labels, value: number): void;
}

export interface Registry {
  counter(name: string, help: string): Counter;
  /** @param bounds upper ones, ascending, without infinity */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram;
  text(): string;
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const series = (name: string, labels: Labels): string => {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escaped(value)}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
};

interface Distribution {
  readonly labels: Labels;
  /** Of each bound alone; what is above all of them comes last. */
  readonly counts: number[];
  sum: number;
}

export function createRegistry(): Registry {
  const families: (() => readonly string[])[] = [];
  const head = (name: string, help: string, type: string): string[] => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
  ];
  return {
    counter(name, help) {
      const values = new Map<string, number>();
      families.push(() => [...head(name, help, 'counter'), ...[...values].map(([key, value]) => `${key} ${value}`)]);
      return {
        add(labels, by = 1) {
          const key = series(name, labels);
          values.set(key, (values.get(key) ?? 0) + by);
        },
      };
    },
    histogram(name, help, bounds) {
      const all = new Map<string, Distribution>();
      families.push(() => [
        ...head(name, help, 'histogram'),
        ...[...all.values()].flatMap((one) => lines(name, bounds, one)),
      ]);
      return {
        observe(labels, value) {
          const key = series(name, labels);
          const one = all.get(key) ?? { labels, counts: [...bounds, 0].map(() => 0), sum: 0 };
          const at = bounds.findIndex((bound) => value <= bound);
          const bucket = at < 0 ? bounds.length : at;
          one.counts[bucket] = (one.counts[bucket] ?? 0) + 1;
          one.sum += value;
          all.set(key, one);
        },
      };
    },
    text: () => `${families.flatMap((family) => family()).join('\n')}\n`,
  };
}

function lines(name: string, bounds: readonly number[], { labels, counts, sum }: Distribution): string[] {
  let total = 0;
  const buckets = [...bounds.map(String), '+Inf'].map((le, at) => {
    total += counts[at] ?? 0;
    return `${series(`${name}_bucket`, { ...labels, le })} ${total}`;
  });
  return [...buckets, `${series(`${name}_sum`, labels)} ${sum}`, `${series(`${name}_count`, labels)} ${total}`];
}
