import type { FaultName } from '../fault-names.ts';
import { HAND_AFTER_MS } from '../hand-after.ts';
import type { Run } from '../results.ts';
import {
  faultsOf,
  SHOWN_FAULTS,
  SHOWN_SYSTEMS,
  type Spread,
  type Summary,
  summaryOf,
  weighed,
} from './summary.ts';

/** The README's: how long nobody was acknowledged anything, and how many messages were shown as failed. */
export function firstScreenTable(all: readonly Run[]): string {
  const { quiet, runs } = weighed(all);
  if (!quiet) return BUSY_ONLY;
  const rows = faultsOf(runs)
    .filter((fault) => fault !== 'both-in-a-row')
    .map((fault) => {
      const { farol, synapse } = both(runs, fault);
      return `| ${SHOWN_FAULTS[fault]} | ${shortCell(farol)} | ${shortCell(synapse)} |`;
    });
  return [
    'How long nobody was acknowledged anything, and how many messages were shown as failed at first; the run in the middle. Where the other is better: [measured.md](docs/measured.md).',
    '',
    `| | ${SHOWN_SYSTEMS.farol} | ${SHOWN_SYSTEMS.synapse} |`,
    '|---|---|---|',
    ...rows,
    `| Acknowledged messages lost / doubled / out of order | ${wrongCell(runs, 'farol')} | ${wrongCell(runs, 'synapse')} |`,
    '',
    ranBeside(runs),
  ].join('\n');
}

const BUSY_ONLY =
  'No runs on a quiet machine are here yet. What a very busy one gave is in [measured.md](docs/measured.md), and no figure to judge either system by.';

/** What the tables and pictures of the page are made of. */
export function weighedSaid(all: readonly Run[]): string {
  const { quiet, runs } = weighed(all);
  if (quiet) return ranBeside(runs);
  return `**The machine had much else to do, more in some runs than in others: these are no figures to judge either system by.** ${ranBeside(runs)}`;
}

/** Sites, clients and whatever else runs share the cores: where much did, all times are longer. */
function ranBeside(runs: readonly Run[]): string {
  const machines = [...new Set(runs.map(({ machine }) => machine))].join('; ');
  const loads = runs.flatMap(({ load }) => load);
  const [farol, synapse] = (['farol', 'synapse'] as const).map(
    (system) => runs.filter((each) => each.system === system).length,
  );
  return `*${farol} runs of Farol and ${synapse} of the other, all sites on one machine (${machines}), load average ${Math.min(...loads)} to ${Math.max(...loads)}.*`;
}

/** All that was measured, a line for each fault and system. */
export function fullTable(all: readonly Run[]): string {
  const { runs } = weighed(all);
  const rows = faultsOf(runs).flatMap((fault) => {
    const { farol, synapse } = both(runs, fault);
    return [fullRow(farol), fullRow(synapse)];
  });
  return [
    '| fault | system | runs | without acknowledgement | without an answer | messages failed at first | lost | doubled | out of order | otherwise wrong | a hand needed |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** Said first: in what the other system is better, by the medians. */
export function otherIsBetter(all: readonly Run[]): string {
  const { runs } = weighed(all);
  const found = faultsOf(runs).flatMap((fault) => {
    const { farol, synapse } = both(runs, fault);
    return MEASURES.filter(({ of }) => of(synapse).median < of(farol).median).map(
      ({ name, of, shown }) =>
        `- ${SHOWN_FAULTS[fault]}, ${name}: ${shown(of(synapse).median)} against Farol’s ${shown(of(farol).median)}.`,
    );
  });
  return found.length === 0 ? '- In nothing that was measured here.' : found.join('\n');
}

/** Failed attempts by their cause. */
export function causesTable(all: readonly Run[]): string {
  const { runs } = weighed(all);
  const rows = (['farol', 'synapse'] as const).flatMap((system) => {
    const counts = new Map<string, number>();
    for (const { failed } of runs.filter((each) => each.system === system))
      for (const [cause, count] of Object.entries(failed))
        counts.set(cause, (counts.get(cause) ?? 0) + count);
    return [...counts]
      .sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))
      .map(([cause, count]) => `| ${SHOWN_SYSTEMS[system]} | ${cause} | ${count} |`);
  });
  return ['| system | what failed, and how | attempts |', '|---|---|---|', ...rows].join('\n');
}

/** What ran, where, when and beside what. */
export function ranTable(runs: readonly Run[]): string {
  const groups = Map.groupBy(runs, ({ system, commit, machine, versions }) =>
    JSON.stringify([system, commit, machine, versions]),
  );
  const rows = [...groups.values()].map((group) => {
    const { system, commit, machine, versions } = group[0]!;
    const days = [...new Set(group.map(({ at }) => at.slice(0, 10)))].sort().join(', ');
    const loads = group.flatMap(({ load }) => load);
    const shown = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
    return `| ${SHOWN_SYSTEMS[system]} | ${group.length} | ${days} | ${commit} | ${machine} | ${Math.min(...loads)}–${Math.max(...loads)} | ${shown.join(', ')} |`;
  });
  return [
    '| system | runs | when | commit | machine | load average | versions |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

const both = (runs: readonly Run[], fault: FaultName) => ({
  farol: summaryOf(runs, { system: 'farol', fault }),
  synapse: summaryOf(runs, { system: 'synapse', fault }),
});

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
const plain = (value: number): string => String(value);

const MEASURES: readonly {
  readonly name: string;
  readonly of: (summary: Summary) => Spread;
  readonly shown: (value: number) => string;
}[] = [
  { name: 'time without acknowledgement', of: (s) => s.withoutAcknowledgement, shown: seconds },
  { name: 'time without an answer', of: (s) => s.withoutAnswer, shown: seconds },
  { name: 'messages failed at first', of: (s) => s.messagesFailed, shown: plain },
];

function shortCell({ withoutAcknowledgement, messagesFailed, hands, runs }: Summary): string {
  const failed = messagesFailed.median === 0 ? 'none failed' : `${messagesFailed.median} failed`;
  const hand = hands === 0 ? '' : `; **a hand needed in ${hands} of ${runs} runs**`;
  return `${seconds(withoutAcknowledgement.median)}, ${failed}${hand}`;
}

function wrongCell(all: readonly Run[], system: Run['system']): string {
  const runs = all.filter((each) => each.system === system);
  const sum = (of: (run: Run) => number) => runs.reduce((total, each) => total + of(each), 0);
  const [lost, doubled, outOfOrder] = [
    sum((run) => run.lost),
    sum((run) => run.doubled),
    sum((run) => run.outOfOrder),
  ];
  const of = sum((run) => run.acknowledged).toLocaleString('en');
  return `${lost} / ${doubled} / ${outOfOrder} of ${of}`;
}

function fullRow(summary: Summary): string {
  const { fault, system, runs, lost, doubled, outOfOrder, otherwiseWrong, hands } = summary;
  const spreads = MEASURES.map(({ of, shown }) => spreadCell(of(summary), shown));
  const hand = hands === 0 ? 'no' : `${hands} of ${runs}, after ${HAND_AFTER_MS / 60_000} min`;
  return `| ${[
    ...[SHOWN_FAULTS[fault], SHOWN_SYSTEMS[system], runs, ...spreads],
    ...[lost, doubled, outOfOrder, otherwiseWrong, hand],
  ].join(' | ')} |`;
}

function spreadCell({ median, least, most }: Spread, shown: (value: number) => string): string {
  return least === most ? shown(median) : `${shown(median)} (${shown(least)} to ${shown(most)})`;
}
