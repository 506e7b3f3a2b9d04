import {
  type CostRun,
  type MemoryRun,
  type MessagesRun,
  PLACES,
  type Place,
} from '../cost/results.ts';
import type { SystemName } from '../results.ts';

/** A line of a picture: one system at one place, by number of senders. */
export interface Line {
  readonly name: string;
  readonly system: SystemName;
  readonly place: Place;
  readonly runs: readonly MessagesRun[];
}

const NAMES: Readonly<Record<SystemName, string>> = { farol: 'Farol', synapse: 'Synapse' };

export function linesOf(all: readonly CostRun[]): Line[] {
  const runs = latestBy(
    all.filter((each) => each.kind === 'messages'),
    ({ system, place, senders }) => JSON.stringify([system, place, senders]),
  ).sort((a, b) => a.senders - b.senders);
  return PLACES.flatMap((place) =>
    (['farol', 'synapse'] as const).map((system) => ({
      ...{ name: `${NAMES[system]}, ${place}`, system, place },
      runs: runs.filter((run) => run.system === system && run.place === place),
    })),
  ).filter((line) => line.runs.length > 0);
}

export const memoriesOf = (all: readonly CostRun[]): MemoryRun[] =>
  latestBy(
    all.filter((each) => each.kind === 'memory'),
    ({ rooms }) => `${rooms}`,
  ).sort((a, b) => a.rooms - b.rooms);

export const sumOf = (values: Readonly<Record<string, number>>): number =>
  Object.values(values).reduce((sum, each) => sum + each, 0);

/** What was measured again replaces what was measured before. */
function latestBy<Run extends CostRun>(runs: readonly Run[], keyOf: (run: Run) => string): Run[] {
  const inTurn = runs.toSorted((a, b) => (a.at < b.at ? -1 : 1));
  return [...new Map(inTurn.map((run) => [keyOf(run), run])).values()];
}
