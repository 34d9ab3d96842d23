/** judge: recorded counts through any judge, to tune SLOs on yesterday's data. */
import { Option, type Command } from 'commander';
import type { JudgeArgs } from '../judge/judge.ts';
import { placed, type CommandContext } from './context.ts';
import { present } from '../../core/values/json.ts';

const times = 'ISO 8601 with a zone, or -2h';

export function addJudge(program: Command, { io, done }: CommandContext): void {
  const judge = placed(program.command('judge [service]'))
    .description('replay recorded counts through a judge and print its verdict over time; changes nothing')
    .option('--version <version>', 'the version that was new then')
    .option('--replaces <version>', 'the version that it is compared with; left out: only objectives are judged')
    .option('--cluster <name...>', 'serving clusters (default: all that the topology names)')
    .option('--from <time>', `when the new version got its share: ${times}`)
    .option('--to <time>', `end of the range: ${times} (default: now)`)
    .option('--record <file>', 'write the raw series as JSONL, too')
    .option('--counts <file>', 'replay such a file instead, without any network; - reads stdin')
    .addOption(
      new Option('--judge <type>', "instead of the Service's judge").choices(['sequential', 'threshold', 'kayenta']),
    )
    .option('--slo <name...>', 'judge these SLOs only')
    .option('--share <percent>', "the new version's share (default: as the counts have it)")
    .option('--warm-up <duration>', 'counts before this are not judged')
    .option('--interval <duration>', 'time between two looks')
    .option('--to-end', 'go on after a breach, where a rollout would have ended')
    .option('--every <looks>', 'a line at least this often', '30')
    .option('--chart', 'draw the e-value over time (default: on a terminal)')
    .option('--svg <file>', 'write a picture of the evidence')
    .addOption(new Option('-o, --output <format>', 'one object per look').choices(['json']))
    .addHelpText('after', '\nExit codes: 0 healthy in the end, 3 breach, 4 unknown, 2 bad input, 1 error.');
  judge.action(async (service: string | undefined, options: Omit<JudgeArgs, 'service'>) => {
    const { judgeCommand } = await import('../judge/judge.ts');
    done(await judgeCommand({ ...options, ...present({ service }) }, io));
  });
}
