/** `tidegate judge`: what would a judge have said of yesterday's traffic? Reads a range or a file; changes nothing. */
import { writeFile } from 'node:fs/promises';
import { setImmediate as otherWork } from 'node:timers/promises';
import type { ReachableConfig } from '../../core/config/types.ts';
import { replayLooks, type ReplayedLook } from '../../core/judge/look/replay.ts';
import type { WatchSloInput } from '../../core/judge/look/watch.ts';
import type { Recording } from '../../core/judge/recording/recording.ts';
import { formatDuration } from '../../core/values/duration.ts';
import { refuse } from '../../core/values/error.ts';
import { evidenceChart } from '../../core/view/evidence-chart.ts';
import { evidenceSvg } from '../../core/view/evidence-svg.ts';
import { createEvidenceLog, type EvidenceLog, type EvidenceTrack } from '../../core/view/evidence-track.ts';
import {
  endOf,
  isSameNews,
  lookLine,
  noLooks,
  summaryLines,
  timeText,
  withReplayed,
  type Tally,
} from '../../core/view/judge-text.ts';
import { createConfigLoader } from '../../platform/config/load.ts';
import { createRecordedSource } from '../../platform/metrics/recorded.ts';
import { exitCodes, type Io } from '../io.ts';
import { readRecording, recordRange, writeRecording } from './counts.ts';
import { narrowed, parseJudgeArgs, type JudgeArgs, type JudgeOptions } from './options.ts';
import { rulesOf, watchInputOf, withShare } from './watch-input.ts';

export type { JudgeArgs } from './options.ts';

const codes = { healthy: exitCodes.ok, breach: exitCodes.restored, unknown: exitCodes.needsPerson } as const;

/** Exit code: 0 healthy in the end, 3 breach, 4 unknown. */
export async function judgeCommand(args: JudgeArgs, io: Io): Promise<number> {
  const options = parseJudgeArgs(args, io);
  const { recording, config } = await countsFor(options, io);
  const input = watchInputOf(recording, rulesOf(config?.service ?? null, options.overrides));
  const log = createEvidenceLog();
  const tally = await replay({ input, recording, options, log }, io);
  if (tally.looks === 0) {
    refuse(
      'Invalid',
      'the range is too short for a look',
      `the judge looks every ${formatDuration(input.judge.pollMs)}: choose a longer range, or a shorter --interval`,
    );
  }
  const judge = input.judge.type ?? 'threshold';
  const sinceMs = recording.header.sinceMs;
  if (options.output === 'text') io.stdout(`\n${summaryLines(tally, { judge, sinceMs }).join('\n')}\n`);
  const [track] = log.tracks();
  if (track !== undefined) await draw(track, { input, recording, options, tally }, io);
  return codes[endOf(tally)];
}

interface Counts {
  readonly recording: Recording;
  /** null: there is none, and defaults hold. */
  readonly config: ReachableConfig | null;
}

async function countsFor(options: JudgeOptions, io: Io): Promise<Counts> {
  const directory = io.env['TIDEGATE_CONFIG'] || undefined;
  if (options.from.kind === 'file') {
    const read = narrowed(await readRecording(options.from.path, io), options);
    const { service, namespace } = read.header;
    const config =
      directory === undefined ? null : await createConfigLoader({ directory }).load({ service, namespace });
    return { recording: withShare(read, config?.service ?? null), config };
  }
  if (directory === undefined) {
    refuse(
      'Invalid',
      'there is no config that names the metrics backend',
      'set TIDEGATE_CONFIG to the config directory, or replay a file with --counts',
    );
  }
  const { query, range, record } = options.from;
  const config = await createConfigLoader({ directory }).load(query);
  const recording = narrowed(await recordRange(config, range, io), { sharePercent: options.sharePercent });
  if (record !== undefined) {
    await writeRecording(record, recording);
    io.stderr(`${record}: ${recording.series.length} series\n`);
  }
  return { recording, config };
}

interface Replaying {
  readonly input: WatchSloInput;
  readonly recording: Recording;
  readonly options: JudgeOptions;
}

interface Logged extends Replaying {
  /** Takes what is drawn. */
  readonly log: EvidenceLog;
}

/** Looks that go by before signals are heard. */
const BREATHER_LOOKS = 20;

async function replay({ input, recording: { header, series }, options, log }: Logged, io: Io): Promise<Tally> {
  const newestMs = Math.max(header.sinceMs, ...series.map(({ samples }) => samples.at(-1)?.atMs ?? 0));
  const toMs = header.toMs ?? newestMs;
  let tally = noLooks;
  let told: { readonly look: ReplayedLook; readonly at: number } | undefined;
  for await (const look of replayLooks(input, { metrics: createRecordedSource(series), toMs, signal: io.signal })) {
    tally = withReplayed(tally, look);
    if (options.overrides.evidence === true) log.add({ afterMs: look.atMs - header.sinceMs, readings: look.readings });
    const ends = look.ends && !options.toEnd;
    if (options.output === 'json') io.stdout(`${jsonLine(look, header.sinceMs)}\n`);
    else if (ends || told === undefined || tally.looks - told.at >= options.every || !isSameNews(told.look, look)) {
      io.stdout(`${lookLine(look, header.sinceMs)}\n`);
      told = { look, at: tally.looks };
    }
    if (ends) break;
    if (tally.looks % BREATHER_LOOKS === 0) await otherWork();
  }
  return tally;
}

const jsonLine = ({ atMs, verdict, breached, reason, readings }: ReplayedLook, sinceMs: number): string =>
  JSON.stringify({ at: new Date(atMs).toISOString(), afterMs: atMs - sinceMs, verdict, breached, reason, readings });

interface Drawing extends Replaying {
  readonly tally: Tally;
}

async function draw(track: EvidenceTrack, { input, recording, options, tally }: Drawing, io: Io): Promise<void> {
  if (options.chart) io.stdout(`\n${evidenceChart(track, io.columns).join('\n')}\n`);
  if (options.svg === undefined) return;
  const { service, versions, sinceMs, sharePercent } = recording.header;
  const share = sharePercent === undefined ? '' : `, share ${Number(sharePercent.toPrecision(3))} %`;
  const marks = (['healthy', 'breach'] as const).flatMap((verdict) => {
    const first = tally.first[verdict];
    return first === undefined ? [] : [{ verdict, afterMs: first.atMs - sinceMs }];
  });
  const svg = evidenceSvg({
    track,
    service,
    versions,
    subtitle: `from ${timeText(sinceMs)}${share}: ${endOf(tally)}, says the ${input.judge.type ?? 'threshold'} judge`,
    marks,
    warmUpMs: input.warmUpMs,
  });
  await writeFile(options.svg, svg).catch((error: unknown) => {
    refuse(
      'Invalid',
      `${options.svg ?? ''} cannot be written: ${(error as Error).message}`,
      'name a file in a folder that exists',
    );
  });
  io.stderr(`wrote ${options.svg}\n`);
}
