import { describe, expect, it } from '@jest/globals';
import type { SloReading } from '../../../core/judge/slo-reading.ts';
import { evidenceChart } from '../../../core/view/evidence-chart.ts';
import { evidenceSvg } from '../../../core/view/evidence-svg.ts';
import { createEvidenceLog, type EvidenceTrack, type LookedAt } from '../../../core/view/evidence-track.ts';
import { isSameNews } from '../../../core/view/judge-text.ts';
import { ratioTicks, timeTicks, valueTicks } from '../../../core/view/svg-axes.ts';

const reading = (slo: string, log10E: number, high: number | null): SloReading => ({
  slo,
  source: 'server',
  cluster: 'aws',
  verdict: 'unknown',
  reason: '',
  newTotal: 100,
  newBad: 4,
  oldTotal: 1000,
  oldBad: 10,
  judge: 'sequential',
  evidence: { log10E, log10Needed: 2.3, low: 0.5, high, phi: 1, healthyInS: null },
});

const looks: readonly LookedAt[] = Array.from({ length: 60 }, (_, i) => ({
  afterMs: 2_000 * (i + 1),
  readings: [reading('errors', i / 25, i < 5 ? null : 8), reading('latency', -i / 60, 2)],
}));
const evidenceTracks = (all: readonly LookedAt[]): readonly EvidenceTrack[] => {
  const log = createEvidenceLog();
  all.forEach(log.add);
  return log.tracks();
};
const [track] = evidenceTracks(looks);
if (track === undefined) throw new Error('no track');

const svgOf = (service: string): string =>
  evidenceSvg({
    track,
    service,
    versions: { new: 'v2', old: 'v1' },
    subtitle: 'today',
    marks: [{ verdict: 'breach', afterMs: 118_000 }],
    warmUpMs: 60_000,
  });

/** Names of tags that are not closed in order; [] = well-formed, as far as tags go. */
const openTags = (xml: string): string[] => {
  const open: string[] = [];
  for (const [, closing, name = '', empty] of xml.matchAll(
    /<(\/?)([\w:]+)(?:\s+[\w:-]+="[^"<&]*(?:&\w+;[^"<&]*)*")*\s*(\/?)>/g,
  )) {
    if (empty === '/') continue;
    if (closing === '') open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
};

describe('the track of evidence', () => {
  it('that comes first is the one that was nearest to a breach', () => {
    expect(evidenceTracks(looks).map(({ slo }) => slo)).toEqual(['errors', 'latency']);
    expect(track.rows[0]).toMatchObject({ afterMs: 0, log10E: 0, high: null });
    expect(track.rows).toHaveLength(61);
  });

  it('is none where no sequential judge looked', () => {
    const { evidence: _, ...counts } = reading('errors', 0, null);
    expect(evidenceTracks([{ afterMs: 1, readings: [counts] }])).toEqual([]);
  });
});

describe('the picture', () => {
  it('is well-formed, whatever the names in it', () => {
    const svg = svgOf('a<b>&"c"');
    expect(openTags(svg)).toEqual([]);
    expect(svg.match(/</g)).toHaveLength([...svg.matchAll(/<\/?[\w:]+[^<>]*>/g)].length);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('has the line from which it is a breach, where the evidence reaches that', () => {
    const svg = svgOf('checkout');
    expect(svg).toContain('a breach from 2.3 on');
    const line = Number(/class="needed" d="M64 ([\d.]+)H736"/.exec(svg)?.[1]);
    const top = Math.min(
      ...[...(/class="e"[^>]*d="([^"]+)"/.exec(svg)?.[1] ?? '').matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) =>
        Number(y),
      ),
    );
    expect(line).toBeGreaterThan(100);
    expect(top).toBeLessThan(line);
    expect(top).toBeGreaterThan(line - 15);
  });

  it('is the same for the same data, refers to nothing outside, and has colours for dark pages', () => {
    expect(svgOf('checkout')).toBe(svgOf('checkout'));
    expect(svgOf('checkout').replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|<image/);
    expect(svgOf('checkout')).toContain('prefers-color-scheme: dark');
  });
});

describe('the chart', () => {
  it('has the line of a breach, the scale and both ends of the time, within the columns', () => {
    const lines = evidenceChart(track, 60);
    expect(lines[0]).toBe('log10 e-value of errors in aws; --- a breach from 2.3 on');
    expect(lines.find((line) => line.startsWith('   2.3 |'))).toMatch(/-{20}/);
    expect(lines.find((line) => line.startsWith('   0.0 |'))).toContain('**');
    expect(lines.at(-1)).toMatch(/^ {8}0s +2m$/);
    expect(Math.max(...lines.slice(1).map(({ length }) => length))).toBeLessThanOrEqual(60);
  });
});

describe('ticks', () => {
  it('are round', () => {
    expect(timeTicks(125_000)).toEqual([0, 30_000, 60_000, 90_000, 120_000]);
    expect(valueTicks(-0.4, 2.6)).toEqual([0, 1, 2]);
    expect(ratioTicks(0.2, 5)).toEqual([0.25, 0.5, 1, 2, 4]);
  });
});

describe('news', () => {
  const say = (reason: string) => ({ verdict: 'unknown' as const, reason });

  it('is not that numbers, units or details changed: a line per look would be no overview', () => {
    expect(
      isSameNews(
        say('v2 failed 1 of 545 (0.183 %) requests: healthy in about 25 s at this traffic (and 1 more)'),
        say('v2 failed 9 of 999 (1 %) requests: healthy in about 2 min at this traffic; they come in bursts of 1.1'),
      ),
    ).toBe(true);
  });

  it('is another verdict, another reason, another version', () => {
    expect(isSameNews(say('a'), { verdict: 'healthy', reason: 'a' })).toBe(false);
    expect(isSameNews(say('v2 is untested'), say('v3 is untested'))).toBe(false);
  });
});
