/** Who answers whom as a picture: a grid for each service, client clusters down, serving clusters across. Pure. */
import type { TopologyShares } from '../topology/shares.ts';
import { formatShare, WHOLE } from '../values/share.ts';
import { escaped } from './svg-axes.ts';

const CELL = { width: 84, height: 26 };
const LEFT = 190;
const TOP = 64;
/** Longer names of clusters would touch their neighbours; the full name is in the cell's title. */
const HEAD = 11;

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #1f2937 }
.title { font-size: 17px; font-weight: 600 }
.label { font-weight: 600 }
.head, .share { font-size: 12px }
.paper { fill: #ffffff }
.cell { fill: #2563eb; stroke: #e5e7eb }
@media (prefers-color-scheme: dark) {
text { fill: #e5e7eb }
.paper { fill: #111827 }
.cell { fill: #60a5fa; stroke: #374151 }
}`;

export function topologySvg(clusters: readonly string[], shares: TopologyShares): string {
  const services = Object.entries(shares).filter(([, clients]) => Object.keys(clients).length > 0);
  let y = TOP;
  const grids = services.map(([service, clients]) => {
    const rows = Object.entries(clients);
    const grid = gridOf({ service, rows, clusters }, y);
    y += (rows.length + 2) * CELL.height;
    return grid;
  });
  const width = LEFT + clusters.length * CELL.width + 24;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" aria-labelledby="t">
<title id="t">Who answers whom</title>
<style>${STYLE}
</style>
<rect class="paper" width="${width}" height="${y}" rx="8"/>
<text class="title" x="20" y="32">Who answers whom</text>
${grids.join('\n')}
</svg>
`;
}

interface ServiceGrid {
  readonly service: string;
  readonly rows: readonly (readonly [client: string, shares: Readonly<Record<string, number>>])[];
  readonly clusters: readonly string[];
}

function gridOf({ service, rows, clusters }: ServiceGrid, top: number): string {
  const heads = clusters.map((name, at) => {
    const short = name.length > HEAD ? `${name.slice(0, HEAD - 1)}…` : name;
    return `<text class="head" x="${LEFT + (at + 0.5) * CELL.width}" y="${top + 16}" text-anchor="middle">${escaped(short)}</text>`;
  });
  const lines = rows.map(([client, shares], row) => {
    const y = top + (row + 1) * CELL.height;
    const cells = clusters.map((serving, at) => cellOf({ client, serving, share: shares[serving] ?? 0 }, { at, y }));
    return `<text x="${LEFT - 12}" y="${y + 17}" text-anchor="end">${escaped(client)}</text>${cells.join('')}`;
  });
  return [`<text class="label" x="20" y="${top + 16}">${escaped(service)}</text>`, ...heads, ...lines].join('\n');
}

const cellOf = (
  { client, serving, share }: { client: string; serving: string; share: number },
  { at, y }: { at: number; y: number },
): string => {
  const x = LEFT + at * CELL.width;
  const text = share === 0 ? '' : formatShare(Math.round(share / 1_000) * 1_000);
  const opacity = ((share / WHOLE) * 0.6).toFixed(2);
  return (
    `<rect class="cell" x="${x}" y="${y}" width="${CELL.width}" height="${CELL.height}" fill-opacity="${opacity}">` +
    `<title>${escaped(`${client} from ${serving}: ${formatShare(share)}`)}</title></rect>` +
    `<text class="share" x="${x + CELL.width / 2}" y="${y + 17}" text-anchor="middle">${text}</text>`
  );
};
