import * as Plot from '@observablehq/plot';
import { svgOf } from '../../compare/shown/svg.ts';
import type { Theme } from '../../compare/shown/theme.ts';

import { transactionsPerSecond } from './batching.ts';
import { sentTo } from './load.ts';
import type { Network } from './network.ts';

const DAY_S = 86_400;
const ROUND_TRIPS_MS = [20, 100, 500];
const LEAST = 1;
const MOST = 1_000;
const STEPS_A_DECADE = 12;

/** What the largest server of the network sends: each event by itself, and as this server's transactions take them along. */
export function batchingPicture(network: Network, theme: Theme): string {
  const days = steps();
  const lines = [
    ...days.map((day) => ({ day, name: ALONE, perSecond: aloneAt(network, day) })),
    ...ROUND_TRIPS_MS.flatMap((ms) =>
      days.map((day) => ({ day, name: `${ms} ms`, perSecond: togetherAt(network, day, ms) })),
    ),
  ];
  const names = [ALONE, ...ROUND_TRIPS_MS.map((ms) => `${ms} ms`)];
  const { synapse: warm, farol: cool } = theme.colors;
  return svgOf(theme, {
    ...{ height: 400, marginLeft: 66, marginRight: 74 },
    title: 'Requests a second that the largest server sends, with and without batching',
    x: { type: 'log', label: 'messages a user says in a room in a day', tickFormat: ',' },
    y: { type: 'log', label: 'requests a second', tickFormat: '~s', grid: true },
    color: { domain: names, range: [warm, cool, cool, cool] },
    marks: [
      Plot.line(lines, { x: 'day', y: 'perSecond', stroke: 'name', strokeWidth: 2 }),
      Plot.text(
        lines.filter(({ day }) => day === days.at(-1)),
        { x: 'day', y: 'perSecond', text: 'name', fill: 'name', textAnchor: 'start', dx: 5 },
      ),
    ],
  });
}

const ALONE = 'each alone';

export const aloneAt = (network: Network, day: number): number =>
  [...sentTo(network, 0, day / DAY_S).values()].reduce((sum, each) => sum + each, 0);

/** Where all servers answer within `roundTripMs`. */
export const togetherAt = (network: Network, day: number, roundTripMs: number): number =>
  [...sentTo(network, 0, day / DAY_S).values()].reduce(
    (sum, events) => sum + transactionsPerSecond(events, roundTripMs / 1_000),
    0,
  );

function steps(): number[] {
  const count = Math.round(Math.log10(MOST / LEAST) * STEPS_A_DECADE);
  return Array.from({ length: count + 1 }, (_, step) => LEAST * 10 ** (step / STEPS_A_DECADE));
}
