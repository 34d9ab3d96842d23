/** doctor: what would go wrong, and how to mend it. */
import type { Command } from 'commander';
import { present } from '../../core/values/json.ts';
import { placed, placeOf, type CommandContext, type ServicePlace } from './context.ts';

export function addDoctor(program: Command, { io, done }: CommandContext): void {
  placed(
    program
      .command('doctor [service]')
      .description('check reach, permissions, Services, labels, metrics and foreign routes; changes nothing'),
  ).action(async (service: string | undefined, place: ServicePlace) => {
    const { doctorCommand } = await import('../doctor/doctor.ts');
    done(await doctorCommand({ ...present({ service }), ...placeOf(place) }, io));
  });
}
