import type { CostRun } from '../cost/results.ts';
import { type Line, linesOf, memoriesOf, sumOf } from './cost-lines.ts';

/** Each line of the pictures, as figures. */
export function costTable(all: readonly CostRun[]): string {
  const rows = linesOf(all).flatMap((line) => line.runs.map((run) => rowOf(line, run)));
  const memories = memoriesOf(all).map(
    ({ rooms, startMiB, peakMiB, restMiB }) =>
      `| ${rooms.toLocaleString('en')} | ${startMiB} | ${peakMiB} | ${restMiB} |`,
  );
  return [
    '| | senders | messages/s | p50 | p99 | CPU of a message |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    '| rooms | MiB at the start | at the peak | at rest |',
    '|---|---|---|---|',
    ...memories,
  ].join('\n');
}

function rowOf({ name }: Line, { senders, perSecond, p50Ms, p99Ms, cpuMs }: Line['runs'][number]) {
  const parts = Object.entries(cpuMs);
  const each = parts.map(([part, ms]) => `${part} ${ms}`).join(', ');
  const all = `${Number(sumOf(cpuMs).toPrecision(3))} ms`;
  const cpu = parts.length > 1 ? `${all} (${each})` : all;
  return `| ${name} | ${senders} | ${perSecond} | ${p50Ms} ms | ${p99Ms} ms | ${cpu} |`;
}

/** What ran, where, when and beside what. */
export function costRanTable(all: readonly CostRun[]): string {
  const groups = Map.groupBy(all, ({ kind, commit, machine, at }) =>
    JSON.stringify([kind, commit, machine, at.slice(0, 10)]),
  );
  const rows = [...groups.values()].map((group) => {
    const { kind, commit, machine, at } = group[0]!;
    const loads = group.flatMap(({ load }) => load);
    const spread = `${Math.min(...loads)}–${Math.max(...loads)}`;
    return `| ${kind} | ${group.length} | ${at.slice(0, 10)} | ${commit} | ${machine} | ${spread} |`;
  });
  return [
    '| what | figures | when | commit | machine | load average |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
