/** An event in words for people: a title, one sentence, and facts by name. */
import { hasHeld } from '../../rollout/outcome.ts';
import { formatShare } from '../../values/share.ts';
import { namesText } from '../../values/names-text.ts';
import type { CloudEvent } from '../cloud-event.ts';
import { newsIn, newsKindOf, type NewsKind, type RunNews } from './news.ts';

export interface Words {
  readonly title: string;
  readonly sentence: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Unknown is neither good nor bad. */
  readonly mood: 'good' | 'bad' | 'waiting' | 'neutral';
}

const titles: Readonly<Record<Exclude<NewsKind, 'ended'>, string>> = {
  started: 'has started',
  'wave-started': 'begins a wave',
  step: 'has moved traffic',
  'wave-finished': 'has finished a wave',
  held: 'has no verdict and needs a person',
  gated: 'waits for approval',
  paused: 'is paused',
  frozen: 'waits for a freeze window to open',
  resumed: 'goes on',
  breached: 'breaches its objectives and goes back',
  restoring: 'goes back',
  restored: 'is back at what is proven',
};

export function wordsOf(event: CloudEvent): Words {
  const news = newsIn(event);
  const kind = newsKindOf(event.type) ?? 'ended';
  const what = `${[news.kind, news.version].filter((word) => word !== '').join(' of ')} ${kind === 'ended' ? `ended: ${news.outcome}` : titles[kind]}`;
  return {
    title: `${news.service}: ${what.trim()}`,
    sentence: news.reason,
    facts: factsOf(news),
    mood: moodOf(kind, news),
  };
}

function factsOf(news: RunNews): Words['facts'] {
  const shares = Object.entries(news.shares).map(([cluster, share]) => `${cluster} ${formatShare(share)}`);
  const facts: [string, string][] = [
    ['mesh', news.mesh],
    ['service', `${news.namespace}/${news.service}`],
    ['clusters', namesText(news.clusters)],
    [
      'wave',
      news.wave === 0
        ? ''
        : `${news.wave} of ${Math.max(news.wave, news.waves)}${news.waveName === '' ? '' : ` (${news.waveName})`}`,
    ],
    ['step', news.step <= 0 ? '' : news.steps === 0 ? String(news.step) : `${news.step} of ${news.steps}`],
    ['shares', shares.join(', ')],
    ['verdict', news.verdict],
    ['without', news.absent.join(', ')],
  ];
  return facts.filter(([, value]) => value !== '');
}

function moodOf(kind: NewsKind, { outcome, cause }: RunNews): Words['mood'] {
  if (kind === 'held' || kind === 'gated' || kind === 'paused' || kind === 'frozen') return 'waiting';
  if (kind === 'breached' || (kind === 'restoring' && cause !== 'drilled')) return 'bad';
  if (kind !== 'ended') return 'neutral';
  const good = ['promoted', 'released', 'settled'].includes(outcome) || hasHeld({ outcome, cause });
  return good ? 'good' : ['owned', 'paused'].includes(outcome) ? 'neutral' : 'bad';
}
