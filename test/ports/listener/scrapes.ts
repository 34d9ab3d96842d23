/** Scrapes of a real Envoy, as a store of metrics keeps them. */
import type { RawSeries, Sample } from '../../../core/judge/series/raw-series.ts';

export interface Scrapes {
  /** One scrape, in Prometheus' text. */
  take(text: string, atMs: number): void;
  readonly series: readonly RawSeries[];
}

interface Kept extends RawSeries {
  readonly samples: Sample[];
}

export const scrapesOf = (labels: Readonly<Record<string, string>>): Scrapes => {
  const kept = new Map<string, Kept>();
  return {
    take: (text, atMs) => {
      for (const [, name = '', inside = '', value] of text.matchAll(/^(\w+)\{([^}]*)\} (\d+)$/gm)) {
        const key = `${name}{${inside}}`;
        const own = Object.fromEntries(
          [...inside.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', is = '']): [string, string] => [label, is]),
        );
        const one: Kept = kept.get(key) ?? { labels: { __name__: name, ...own, ...labels }, samples: [] };
        kept.set(key, one);
        one.samples.push({ atMs, value: Number(value) });
      }
    },
    get series() {
      return [...kept.values()];
    },
  };
};
