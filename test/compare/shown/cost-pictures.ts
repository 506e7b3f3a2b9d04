import * as Plot from '@observablehq/plot';
import type { CostRun, MemoryRun, Place } from '../cost/results.ts';
import { type Line, linesOf, memoriesOf, sumOf } from './cost-lines.ts';
import { svgOf } from './svg.ts';
import type { Theme } from './theme.ts';

/** Messages a second, and how long the slowest hundredth waited, by number of senders. */
export function throughputPicture(all: readonly CostRun[], theme: Theme): string {
  const lines = drawnLines(all, theme);
  const points = lines.flatMap(({ name, runs }) =>
    runs.flatMap(({ senders, perSecond, p99Ms }) => [
      { name, senders, what: PER_SECOND, value: perSecond },
      { name, senders, what: P99, value: p99Ms },
    ]),
  );
  const senders = [...new Set(points.map((point) => point.senders))].sort((a, b) => a - b);
  const most = Math.max(...senders);
  return svgOf(theme, {
    height: 560,
    title: 'Messages a second and the slowest hundredth, by number of senders',
    ...{ marginLeft: 56, marginTop: 14 + 20 * lines.length, marginRight: 16 },
    x: { type: 'log', base: 4, axis: null, domain: [1, most] },
    y: { type: 'log', label: null, grid: true, ticks: 5, tickFormat: ',' },
    fy: { label: null, domain: [PER_SECOND, P99], axis: null, paddingInner: 0.2 },
    marks: [
      Plot.axisX(senders, { text: (each: number) => `${each}`, label: 'senders at once' }),
      Plot.frame({ stroke: theme.faint }),
      ...lines.map(({ name, color, dash }) =>
        Plot.line(
          points.filter((point) => point.name === name),
          {
            ...{ x: 'senders', y: 'value', fy: 'what', stroke: color },
            ...{ strokeWidth: 2.5, strokeDasharray: dash },
          },
        ),
      ),
      ...lines.map(({ name, color }) =>
        Plot.dot(
          points.filter((point) => point.name === name),
          { x: 'senders', y: 'value', fy: 'what', fill: color, r: 4 },
        ),
      ),
      Plot.text([PER_SECOND, P99], {
        ...{ text: (what: string) => what, fy: (what: string) => what, fontWeight: 600 },
        ...{ frameAnchor: 'top-left', dx: 6, dy: 8 },
        ...{ stroke: theme.background, strokeWidth: 5, fill: theme.text },
      }),
      ...lines.map(({ name, color, sample }, index) =>
        Plot.text([name], {
          ...{ text: [`${sample} ${name}`], fill: color, fontWeight: 600 },
          ...{ fy: [PER_SECOND], frameAnchor: 'top-left', dx: 0, dy: -20 * (lines.length - index) },
        }),
      ),
    ],
  });
}

const PER_SECOND = 'messages a second';
const P99 = 'p99, ms';

/** CPU of all programs for each message, by number of senders. */
export function cpuPicture(all: readonly CostRun[], theme: Theme): string {
  const bars = drawnLines(all, theme).flatMap(({ name, color, runs }) =>
    runs.map((run) => ({ name, color, senders: `${run.senders}`, ms: sumOf(run.cpuMs) })),
  );
  const names = [...new Set(bars.map(({ name }) => name))];
  const senders = [...new Set(bars.map((bar) => bar.senders))];
  const missing = names.flatMap((name) =>
    senders
      .filter((each) => !bars.some((bar) => bar.name === name && bar.senders === each))
      .map((each) => ({ name, senders: each })),
  );
  return svgOf(theme, {
    height: 60 + 34 * names.length * senders.length,
    title: 'CPU for each message, by number of senders',
    ...{ marginLeft: 44, marginRight: 60, marginTop: 34 },
    x: { axis: null, domain: [0, Math.max(...bars.map(({ ms }) => ms))] },
    y: { domain: senders, label: null, padding: 0.25, tickSize: 0 },
    fy: { domain: names, label: null, axis: null, paddingInner: 0.3 },
    marks: [
      Plot.barX(bars, {
        ...{ x: 'ms', y: 'senders', fy: 'name' },
        fill: (bar: { color: string }) => bar.color,
      }),
      Plot.text(bars, {
        ...{ x: 'ms', y: 'senders', fy: 'name', textAnchor: 'start', dx: 6 },
        text: ({ ms }: { ms: number }) => `${Number(ms.toPrecision(2))} ms`,
      }),
      Plot.text(missing, {
        ...{ x: () => 0, y: 'senders', fy: 'name', textAnchor: 'start', dx: 6 },
        ...{ text: () => 'not measured', fill: theme.answers },
      }),
      Plot.text(names, {
        ...{ text: (name: string) => `${name}, by senders at once`, fontWeight: 600 },
        ...{ fy: (name: string) => name, frameAnchor: 'top-left', dy: -20, dx: -36 },
      }),
    ],
  });
}

/** Resident memory of the server's process, by number of rooms. */
export function memoryPicture(all: readonly CostRun[], theme: Theme): string {
  const runs = memoriesOf(all);
  const points = runs.flatMap((run) => KINDS.map(({ kind, of }) => point(run, kind, of(run))));
  const last = points.filter(({ rooms }) => rooms === Math.max(...runs.map((run) => run.rooms)));
  return svgOf(theme, {
    height: 340,
    title: 'Resident memory of the server, by number of rooms',
    ...{ marginLeft: 48, marginRight: 110, marginTop: 34 },
    x: { type: 'log', axis: null },
    y: { label: 'MiB resident', grid: true, zero: true, ticks: 5, labelArrow: 'none' },
    marks: [
      Plot.axisX(
        runs.map(({ rooms }) => rooms),
        {
          text: (rooms: number) => rooms.toLocaleString('en'),
          label: 'rooms, a tenth of them used in the hour',
        },
      ),
      Plot.line(points, {
        ...{ x: 'rooms', y: 'MiB', z: 'kind', stroke: theme.colors.farol },
        ...{ strokeWidth: 2.5 },
      }),
      Plot.dot(points, { x: 'rooms', y: 'MiB', fill: theme.colors.farol, r: 4 }),
      Plot.text(last, {
        ...{ x: 'rooms', y: 'MiB', text: 'kind', textAnchor: 'start', dx: 10 },
      }),
    ],
  });
}

const KINDS = [
  { kind: 'at the peak', of: ({ peakMiB }: MemoryRun) => peakMiB },
  { kind: 'at the start', of: ({ startMiB }: MemoryRun) => startMiB },
] as const;

const point = ({ rooms }: MemoryRun, kind: string, MiB: number) => ({ rooms, kind, MiB });

/** How the line of each is drawn, and shown beside its name. */
const DASHES: Readonly<Record<Place, { readonly dash: string; readonly sample: string }>> = {
  'one site': { dash: '', sample: '━━━' },
  'three sites, near': { dash: '9 4', sample: '━ ━' },
  'three sites, 20 ms apart': { dash: '2 4', sample: '┅┅┅' },
};

const drawnLines = (all: readonly CostRun[], theme: Theme) =>
  linesOf(all).map((line: Line) => ({
    ...line,
    ...{ color: theme.colors[line.system], ...DASHES[line.place] },
  }));
