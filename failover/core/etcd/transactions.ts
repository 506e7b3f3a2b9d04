import type { EffectOf } from '../effects.ts';
import type { Lease } from '../inputs.ts';
import type { Report, Site, Timelines } from '../view.ts';
import type { KeyNames } from './names.ts';

/**
 * What is asked of etcd, as data: all of it is done, or nothing where one comparison fails. The adapter
 * sends it, the simulation carries it out, so both run the same conditions.
 */
export interface Transaction {
  readonly compare: readonly Comparison[];
  readonly change: readonly Change[];
}

/** The revision 0 says that there is no such key. */
export type Comparison =
  | { readonly key: string; readonly revision: number }
  | { readonly key: string; readonly lease: string }
  | { readonly key: string; readonly text: string };

/** A text stands as it is; anything else as JSON. */
export type Change =
  | { readonly put: string; readonly value: unknown; readonly lease?: string }
  | { readonly remove: string };

export const leaseKey = (names: KeyNames, lease: Lease): string => names.leases + lease;

/**
 * Refused whole if one of the leases is not ours any more, or the name of the site is not: then nothing
 * was put.
 */
export function pulse(
  names: KeyNames,
  site: Site,
  { holds, name, report }: EffectOf<'pulse'>,
): Transaction {
  const terms = Object.entries(holds) as [Lease, number][];
  const key = names.machines + site;
  const silent = name.over !== null && { key: names.sites + site, revision: name.over };
  return {
    compare: [
      ...terms.map(([lease, revision]) => ({ key: leaseKey(names, lease), revision })),
      { key, revision: name.revision },
      ...(silent ? [silent] : []),
    ],
    change: [putReport(names, site, report), ...(name.put ? [{ put: key, value: name.put }] : [])],
  };
}

/** On condition that the key is as it was, and that its holder has given no sign of life since. */
export function claim(
  names: KeyNames,
  site: Site,
  { lease, revision, over, name, report }: EffectOf<'claim'>,
): Transaction {
  const key = leaseKey(names, lease);
  const silent = over && { key: names.sites + over.site, revision: over.pulse };
  return {
    compare: [
      { key, revision },
      { key: names.machines + site, revision: name },
      ...(silent ? [silent] : []),
    ],
    change: [putReport(names, site, report), { put: key, value: { site } }],
  };
}

/** Leaves the key without a site. If the term was over already, there is nothing to do. */
export function release(names: KeyNames, { lease, revision }: EffectOf<'release'>): Transaction {
  const key = leaseKey(names, lease);
  return { compare: [{ key, revision }], change: [{ put: key, value: { site: null } }] };
}

/**
 * Gives Patroni's leader key to another site, with that one's own lease, and ends the wish for a
 * switchover: in one transaction, so that no site ever sees the key vacant. The revision is what proves that PostgreSQL has
 * not begun anew since it was looked at: Patroni promotes, or starts a primary, only when it has renewed its key, and one
 * that was started anew does that under a new lease, which writes the key (4.0.7: ha.py, recover; etcd3.py, _update_leader).
 */
export function giveLeaderKey(
  names: KeyNames,
  { to, leader, failover, sync, config }: EffectOf<'hand-over'>,
  toLease: string,
): Transaction {
  const { patroniLeader, patroniSync, patroniFailover, patroniConfig, patroniMember } = names;
  return {
    compare: [
      { key: patroniLeader, revision: leader },
      { key: patroniFailover, revision: failover },
      { key: patroniSync, revision: sync },
      { key: patroniConfig, revision: config },
      { key: patroniMember(to), lease: toLease },
    ],
    change: [
      { put: patroniLeader, value: to, lease: toLease },
      { put: names.vouched, value: { site: to } },
      { remove: patroniFailover },
    ],
  };
}

/**
 * Takes Patroni's leader key for the Patroni of this site, with its lease: from a primary that nobody asked whether it
 * may lead, or, where `leader` is 0, because nobody holds it. In a pause Patroni would delete it.
 */
export function depose(
  names: KeyNames,
  site: Site,
  { leader, timelines, config }: EffectOf<'depose'>,
  lease: string,
): Transaction {
  return {
    compare: [
      { key: names.patroniLeader, revision: leader },
      { key: names.timelines, revision: timelines },
      { key: names.patroniConfig, revision: config },
      { key: names.patroniMember(site), lease },
    ],
    change: [
      { put: names.patroniLeader, value: site, lease },
      { put: names.vouched, value: { site } },
    ],
  };
}

/**
 * Gives a site Patroni's leader key where nobody holds it, on an operator's word that what others may have is lost (core/recovery/recovery.ts),
 * and writes down that he gave it. On condition that all is as he was shown, and no silent site has given a sign of life
 * since, nor is its Patroni there: an agent may be dead beside a database that has what nobody else has. `vouched`, which
 * is of the same revision, lets its Patroni promote it without the votes that are missing, unless one of those who are
 * not has more by then.
 */
export function recover(
  names: KeyNames,
  { to, unless, seen, timelines, record }: EffectOf<'recover'>,
  lease: string,
): Transaction {
  const silent = Object.entries(seen.silent);
  const key = names.recoveries + record.at;
  return {
    compare: [
      { key: names.patroniLeader, revision: 0 },
      { key: names.patroniSync, revision: seen.sync },
      { key: names.patroniFailover, revision: seen.failover },
      { key: names.patroniConfig, revision: seen.config },
      { key: names.timelines, revision: seen.timelines },
      ...silent.map(([site, revision]) => ({ key: names.sites + site, revision })),
      ...silent.map(([site]) => ({ key: names.patroniMember(site), revision: 0 })),
      { key: names.patroniMember(to), lease },
      { key, revision: 0 },
    ],
    change: [
      { put: names.patroniLeader, value: to, lease },
      { put: names.vouched, value: { site: to, unless } },
      { put: names.patroniFailover, value: {} },
      ...(timelines === null ? [] : [{ put: names.timelines, value: timelines }]),
      { put: key, value: record },
    ],
  };
}

/**
 * Takes Patroni's leader key for the Patroni of this site from one whose disk does not answer. Nobody vouches for this
 * site, so its votes are counted; and that nobody leads makes sure that the server there may answer nobody.
 */
export function relieve(
  names: KeyNames,
  site: Site,
  { leader, term, over, config }: EffectOf<'relieve'>,
  lease: string,
): Transaction {
  return {
    compare: [
      { key: names.patroniLeader, revision: leader },
      { key: leaseKey(names, 'leader'), revision: term },
      ...(over === null ? [] : [{ key: names.sites + over.site, revision: over.pulse }]),
      { key: names.patroniConfig, revision: config },
      { key: names.patroniMember(site), lease },
    ],
    change: [{ put: names.patroniLeader, value: site, lease }],
  };
}

/** What this site promises (docs/third-fence.md), or, with null, that it does not any more. Whatever is still under way to that key comes to nothing. */
export function writePromise(
  names: KeyNames,
  site: Site,
  revision: number,
  promise: Omit<EffectOf<'promise'>, 'kind' | 'revision'> | null,
): Transaction {
  const key = names.promises + site;
  const { block, timeline, lsn } = promise ?? { block: null, timeline: 0, lsn: 0 };
  return {
    compare: [{ key, revision }],
    change: [{ put: key, value: { block, timeline, lsn } }],
  };
}

/**
 * Gives this site Patroni's leader key, with its own Patroni's lease, and Farol's, from one that is silent, upon the promises of all others. The key is
 * given and never deleted: a living leader takes a deleted one back within 0.1 s (M1). `/sync` is written as it was, so that a late writing of the old
 * leader's fails; it goes on naming that one, so that nobody needs less votes than before. With the report, since who might take
 * the lead from this site counts its silence from then on.
 */
export function giveUponPromises(
  names: KeyNames,
  site: Site,
  effect: EffectOf<'give'>,
  { lease, sync }: { readonly lease: string; readonly sync: unknown },
): Transaction {
  const { block, timeline, promises, term, pulse: last, report } = effect;
  const promised = Object.entries(promises);
  return {
    compare: [
      { key: names.patroniLeader, revision: block.key },
      { key: names.patroniSync, revision: effect.sync },
      { key: names.patroniFailover, revision: effect.failover },
      { key: names.patroniConfig, revision: effect.config },
      ...promised.map(([each, revision]) => ({ key: names.promises + each, revision })),
      { key: names.patroniMember(site), lease },
      { key: leaseKey(names, 'leader'), revision: term },
      { key: names.sites + block.holder, revision: last },
      { key: names.machines + site, revision: effect.name },
    ],
    change: [
      { put: names.patroniLeader, value: site, lease },
      { put: names.patroniSync, value: sync },
      { put: leaseKey(names, 'leader'), value: { site } },
      { put: names.given, value: { key: block.key, to: site, timeline } },
      putReport(names, site, report),
    ],
  };
}

/**
 * This site may go on alone, and Patroni acknowledges without a standby: in one transaction, and only as the leader that holds both keys. `config`: as it was read;
 * that it is so still is compared.
 */
export function writeAlone(
  names: KeyNames,
  site: Site,
  { leaver, members, term, key, config, revision }: EffectOf<'go-alone'>,
  known: Readonly<Record<string, unknown>>,
): Transaction {
  const written = { ...known, synchronous_mode_strict: leaver === null };
  return {
    compare: [
      { key: leaseKey(names, 'leader'), revision: term },
      { key: names.patroniLeader, revision: key },
      { key: names.patroniConfig, revision: config },
      { key: names.alone, revision },
    ],
    change: [
      { put: names.patroniConfig, value: written },
      leaver === null
        ? { remove: names.alone }
        : { put: names.alone, value: { site, leaver, members } },
    ],
  };
}

/** Names this site as the next leader, where there is none; Patroni then asks nobody for a vote. */
export function nominate(
  names: KeyNames,
  site: Site,
  { failover, sync }: EffectOf<'nominate'>,
): Transaction {
  return {
    compare: [
      { key: names.patroniLeader, revision: 0 },
      { key: names.patroniFailover, revision: failover },
      { key: names.patroniSync, revision: sync },
    ],
    change: [{ put: names.patroniFailover, value: { member: site } }],
  };
}

/**
 * Takes back a switchover that is under way: nobody is named any more, so votes decide. Patroni lets whom a
 * switchover names lead without any vote.
 */
export function cancelSwitchover(
  names: KeyNames,
  { lease, failover }: Omit<EffectOf<'cancel-switchover'>, 'kind'>,
): Transaction {
  return {
    compare: [
      { key: names.patroniLeader, ...(lease === null ? { revision: 0 } : { lease }) },
      { key: names.patroniFailover, revision: failover },
    ],
    change: [{ put: names.patroniFailover, value: {} }],
  };
}

/**
 * Gives this site a number for its promotion, on condition that Patroni's leader key names it, and that nothing has
 * changed of what speaks for it.
 */
export function giveTimeline(
  names: KeyNames,
  site: Site,
  revision: number,
  timelines: Timelines,
): Transaction {
  return {
    compare: [
      { key: names.patroniLeader, text: site },
      { key: names.timelines, revision },
    ],
    change: [{ put: names.timelines, value: timelines }],
  };
}

/** Under our own term, and Patroni's as it was seen: once it stands, only who has this timeline is promoted. */
export function noteTimeline(
  names: KeyNames,
  { term, key, revision, timelines }: EffectOf<'note-timeline'>,
): Transaction {
  return {
    compare: [
      { key: leaseKey(names, 'leader'), revision: term },
      { key: names.patroniLeader, revision: key },
      { key: names.timelines, revision },
    ],
    change: [{ put: names.timelines, value: timelines }],
  };
}

/** Patroni's own line of it is there; this one says which number came before ours. */
export function endHistory(
  names: KeyNames,
  { key, revision, lines }: EffectOf<'end-history'>,
): Transaction {
  return {
    compare: [
      { key: names.patroniLeader, revision: key },
      { key: names.patroniHistory, revision },
    ],
    change: [{ put: names.patroniHistory, value: lines }],
  };
}

const putReport = (names: KeyNames, site: Site, report: Report): Change => ({
  put: names.sites + site,
  value: report,
});
