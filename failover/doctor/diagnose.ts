import type { Writes } from '../core/told/writes.ts';
import type { Facts } from './facts.ts';
import { type Finding, STEPS, type StepName } from './finding.ts';
import { agent, leader, sites, writes } from './judge/cluster.ts';
import { disks } from './judge/disks.ts';
import { certificates, etcd } from './judge/etcd.ts';
import { front } from './judge/front.ts';
import { clock, power } from './judge/machine.ts';
import { certificate, name, wellKnown } from './judge/name.ts';
import { postgresql, replication, server } from './judge/site.ts';

export interface Diagnosis {
  /** What to begin with; null where nothing is amiss. */
  readonly first: { readonly step: StepName; readonly said: string; readonly must: string } | null;
  readonly writes: Writes['kind'];
  readonly steps: readonly ({ readonly step: StepName } & Finding)[];
}

type Judge = (facts: Facts) => Finding;

const JUDGES: Readonly<Record<StepName, Judge>> = {
  name,
  certificate,
  'well-known': wellKnown,
  front,
  agent,
  leader,
  sites,
  server,
  postgresql,
  replication,
  etcd,
  certificates,
  clock,
  disks,
  power,
  writes,
};

export function diagnose(facts: Facts): Diagnosis {
  const found = new Map(STEPS.map((step) => [step, JUDGES[step](facts)]));
  const symptom = STEPS.find((step) => found.get(step)?.kind === 'amiss');
  const step = symptom && causeOf(symptom, found, new Set());
  const finding = step && found.get(step);
  const { agent: asked } = facts;
  return {
    first: finding?.kind === 'amiss' ? { step: step!, ...told(finding) } : null,
    writes: asked.kind === 'told' ? asked.status.writes.kind : 'unknown',
    steps: STEPS.map((each) => ({ step: each, ...found.get(each)! })),
  };
}

const told = ({ said, must }: { said: string; must: string }) => ({ said, must });

/** Where no writer answers, who looks at the front alone sees no reason: it is further down the walk. */
function causeOf(
  step: StepName,
  found: ReadonlyMap<StepName, Finding>,
  seen: Set<StepName>,
): StepName {
  seen.add(step);
  const finding = found.get(step);
  if (finding?.kind !== 'amiss') return step;
  const below = finding.follows.find(
    (each) => !seen.has(each) && found.get(each)?.kind === 'amiss',
  );
  return below === undefined ? step : causeOf(below, found, seen);
}
