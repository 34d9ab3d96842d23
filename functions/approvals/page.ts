/** The pages of approval links: no script, nothing loaded from anywhere, and every text of others is escaped. */
import { createHash } from 'node:crypto';
import type { SloReading } from '../../core/judge/slo-reading.ts';
import { formatShare } from '../../core/values/share.ts';
import type { Approval } from '../../platform/approvals/token.ts';
import type { SeenRun } from '../../platform/temporal/steer.ts';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2rem .6rem;text-align:left}button{font:inherit;padding:.5rem 1.5rem}';

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** The link is a secret: no cache keeps it, and no other site hears of it. */
export const html = (status: number, page: string, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(page, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  });

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (one) => entities[one] ?? '');

const pageOf = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>${escaped(title)}</title><style>${STYLE}</style></head><body><h1>${escaped(title)}</h1>${body}</body></html>`;

export const messagePage = (title: string, text: string): string => pageOf(title, `<p>${escaped(text)}</p>`);

/** What the link would do, and what there is to know before one does it. */
export function runPage({ data, madeFor, expiresAtMs }: Approval, { plan, status }: SeenRun): string {
  const title = `${data.action}: ${plan.kind} of ${status.service} to ${status.version}`;
  const facts: readonly (readonly [string, string])[] = [
    ['Mesh', plan.service.mesh],
    ['Service', status.service],
    ['Wave', `${status.wave} of ${status.waves}: ${(plan.waves[status.wave - 1]?.serving ?? []).join(', ')}`],
    ['Step', `${status.step} of ${status.steps}`],
    ['Next', nextText({ plan, status })],
    ['State', `${status.phase}: ${status.reason}`],
    ['You are', `${madeFor}; the link was made for you, and what it does is written down in your name`],
    ['Works until', new Date(expiresAtMs).toISOString()],
  ];
  const shares = Object.entries(status.shares).map(([cluster, share]) => [cluster, formatShare(share)] as const);
  return pageOf(
    title,
    [
      table(['', ''], facts),
      `<h2>Share of ${escaped(status.version)} now</h2>`,
      shares.length === 0 ? '<p>none yet</p>' : table(['cluster', 'share'], shares),
      '<h2>Verdict</h2>',
      status.readings.length === 0
        ? '<p>no numbers yet</p>'
        : table(['SLO', 'cluster', 'verdict', 'new', 'old', 'why'], status.readings.map(readingRow)),
      `<form method="post"><p><button type="submit">${escaped(data.action)}</button></p></form>`,
    ].join(''),
  );
}

function nextText({ plan, status }: SeenRun): string {
  const next = plan.waves[status.wave - 1]?.steps[status.step];
  if (next !== undefined) return `${formatShare(next.share)} to ${status.version}`;
  const wave = plan.waves[status.wave];
  return wave === undefined
    ? `${status.version} becomes the proven version`
    : `wave ${status.wave + 1}: ${wave.serving.join(', ')}`;
}

const readingRow = (one: SloReading): readonly string[] => [
  one.slo,
  one.cluster === '*' ? 'all' : one.cluster,
  one.verdict,
  `${one.newBad} bad of ${one.newTotal}`,
  `${one.oldBad} bad of ${one.oldTotal}`,
  one.reason,
];

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: 'td' | 'th'): string =>
    `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const first = head.every((one) => one === '') ? '' : cells(head, 'th');
  return `<table>${first}${rows.map((row) => cells(row, 'td')).join('')}</table>`;
}
