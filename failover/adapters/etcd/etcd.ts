import type { EffectOf } from '../../core/effects.ts';
import type { KeyNames } from '../../core/etcd/names.ts';
import { readView } from '../../core/etcd/reading.ts';
import {
  cancelSwitchover,
  claim,
  depose,
  endHistory,
  giveLeaderKey,
  giveUponPromises,
  nominate,
  noteTimeline,
  pulse,
  recover,
  release,
  relieve,
  type Transaction,
  writeAlone,
  writePromise,
} from '../../core/etcd/transactions.ts';
import type { EtcdMember, EtcdRoom } from '../../core/inputs.ts';
import type { Site, View } from '../../core/view.ts';
import { base64, fromBase64 } from './base64.ts';
import type { Gateway } from './gateway.ts';
import {
  changeOf,
  comparisonOf,
  foundIn,
  type Header,
  type KeyValue,
  prefixRange,
  viewRanges,
} from './json.ts';

interface TxnAnswer {
  readonly header: Header;
  readonly succeeded?: boolean;
  readonly responses?: readonly { response_range?: { kvs?: readonly KeyValue[] } }[];
}

interface MemberStatus {
  readonly leader?: string;
  readonly isLearner?: boolean;
  readonly dbSize?: string;
  readonly errors?: readonly string[];
}

const hasNoSpace = ({ errors = [] }: MemberStatus): boolean =>
  errors.some((each) => each.includes('alarm:NOSPACE'));

/** etcd's own, where it does not say which it has. */
const QUOTA_BYTES = 2 * 1024 ** 3;
const COMPACTS_WITHIN_MS = 60_000;

/** Somebody else, or etcd by itself, was there before. */
function unlessDone(error: unknown): void {
  if (!(error instanceof Error && error.message.includes('has been compacted'))) throw error;
}

/** What the agent asks of etcd. Each is one transaction, so what it shows is of one moment. */
interface MemberSeen {
  readonly answers: boolean;
  /** One that has started and hears no other answers nobody: connections to it are taken all the same. */
  readonly runs: boolean;
  readonly knowsLeader: boolean;
  /** It has no vote. */
  readonly listens: boolean;
  readonly noSpace: boolean;
}

export class Etcd {
  readonly #gateway: Gateway;
  readonly #names: KeyNames;
  readonly #site: Site;

  constructor(gateway: Gateway, names: KeyNames, site: Site) {
    this.#gateway = gateway;
    this.#names = names;
    this.#site = site;
  }

  async read(): Promise<View> {
    return (await this.#transact({ compare: [], change: [] })).view;
  }

  async pulse(effect: EffectOf<'pulse'>): Promise<{ renewed: boolean; view: View }> {
    const { succeeded, view } = await this.#transact(pulse(this.#names, this.#site, effect));
    return { renewed: succeeded, view };
  }

  async claim(effect: EffectOf<'claim'>): Promise<{ won: boolean; view: View }> {
    const { succeeded, view } = await this.#transact(claim(this.#names, this.#site, effect));
    return { won: succeeded, view };
  }

  async release(effect: EffectOf<'release'>): Promise<View> {
    return (await this.#transact(release(this.#names, effect))).view;
  }

  /** What is left of a lease of Patroni's, in milliseconds; null if there is no such lease. */
  async leaseLeftMs(lease: string): Promise<number | null> {
    const answer = await this.#gateway.ask<{ TTL?: string }>('/v3/lease/timetolive', { ID: lease });
    const seconds = Number(answer.TTL ?? 0);
    return seconds > 0 ? seconds * 1_000 : null;
  }

  /** What each member says of itself, which needs no majority: whether it answers, and knows a leader. */
  async members(): Promise<MemberSeen[]> {
    const asked = await this.#gateway.askEach<MemberStatus>('/v3/maintenance/status', {});
    return Promise.all(
      asked.map(async (each, member) => ({
        answers: each.status === 'fulfilled',
        runs: each.status === 'fulfilled' || (await this.#gateway.takesConnections(member)),
        knowsLeader: each.status === 'fulfilled' && (each.value.leader ?? '0') !== '0',
        listens: each.status === 'fulfilled' && each.value.isLearner === true,
        noSpace: each.status === 'fulfilled' && hasNoSpace(each.value),
      })),
    );
  }

  /** How full the databases are, of what etcd lets them take. */
  async room(): Promise<EtcdRoom> {
    const [asked, quota] = await Promise.all([
      this.#gateway.askEach<MemberStatus>('/v3/maintenance/status', {}),
      this.#gateway.measured('etcd_server_quota_backend_bytes').catch(() => null),
    ]);
    const told = asked.map((each) => (each.status === 'fulfilled' ? each.value : null));
    const used = told.map((each) =>
      each === null ? null : Number(each.dbSize ?? 0) / (quota ?? QUOTA_BYTES),
    );
    return {
      noSpace: told.some((each) => each !== null && hasNoSpace(each)),
      own: used[0] ?? null,
      most: Math.max(0, ...used.map((part) => part ?? 0)),
      allAnswer: told.every((each) => each !== null),
    };
  }

  /** One after the other: while it does so a member answers nobody. Then etcd is told that there is room again. */
  async makeRoom(): Promise<void> {
    const { header } = await this.#gateway.askOwn<{ header: Header }>('/v3/maintenance/status', {});
    await this.#gateway
      .askAt(
        0,
        '/v3/kv/compaction',
        { revision: header.revision, physical: true },
        COMPACTS_WITHIN_MS,
      )
      .catch(unlessDone);
    const { noSpace } = await this.room();
    const failures: unknown[] = [];
    for (let member = 0; member < this.#gateway.members; member++) {
      // One that has not answered may stand still for longer: with another one nothing could be written at all.
      if (failures.length > 0 && !noSpace) break;
      const asked = this.#gateway.askAt(
        member,
        '/v3/maintenance/defragment',
        {},
        COMPACTS_WITHIN_MS,
      );
      await asked.catch((error: unknown) => failures.push(error));
    }
    const room = await this.room();
    if (room.noSpace && room.most < 1) await this.#endAlarms();
    if (failures.length > 0) throw failures[0];
  }

  async #endAlarms(): Promise<void> {
    const alarm = 'NOSPACE';
    const path = '/v3/maintenance/alarm';
    const { alarms = [] } = await this.#gateway.askOwn<{
      alarms?: { memberID: string; alarm: string }[];
    }>(path, { action: 'GET' });
    for (const { memberID } of alarms.filter((each) => each.alarm === alarm))
      await this.#gateway.askOwn(path, { action: 'DEACTIVATE', memberID, alarm });
  }

  /** Where another site's Patroni and PostgreSQL answer, and the lease that it renews. Null while it is away. */
  async patroniMember(
    site: Site,
  ): Promise<{ url: string; postgres: string | undefined; lease: string } | null> {
    const answer = await this.#gateway.ask<{ kvs?: readonly KeyValue[] }>('/v3/kv/range', {
      key: base64(this.#names.patroniMember(site)),
    });
    const found = answer.kvs?.[0];
    if (found?.lease === undefined) return null;
    const { api_url, conn_url } = JSON.parse(fromBase64(found.value ?? '')) as {
      api_url: string;
      conn_url?: string;
    };
    return { url: api_url, postgres: conn_url, lease: found.lease };
  }

  /** The key by which a site began to make the database, where none has made it; else null. */
  async halfMade(): Promise<string | null> {
    const key = this.#names.patroniInitialize;
    const { kvs } = await this.#gateway.ask<{ kvs?: readonly KeyValue[] }>('/v3/kv/range', {
      key: base64(key),
    });
    return kvs?.[0] && fromBase64(kvs[0].value ?? '') === '' ? key : null;
  }

  /** False if anything that the transaction compares is not what it was. */
  async giveLeaderKey(effect: EffectOf<'hand-over'>, toLease: string): Promise<boolean> {
    const { succeeded } = await this.#transact(giveLeaderKey(this.#names, effect, toLease));
    return succeeded;
  }

  async cancelSwitchover(effect: Omit<EffectOf<'cancel-switchover'>, 'kind'>): Promise<void> {
    await this.#transact(cancelSwitchover(this.#names, effect));
  }

  async nominate(effect: EffectOf<'nominate'>): Promise<void> {
    await this.#transact(nominate(this.#names, this.#site, effect));
  }

  /** Nothing where Patroni of this site is away, or anything has changed meanwhile. */
  async depose(effect: EffectOf<'depose'>): Promise<void> {
    const { lease } = await this.#ownMember();
    await this.#transact(depose(this.#names, this.#site, effect, lease));
  }

  async relieve(effect: EffectOf<'relieve'>): Promise<void> {
    const { lease } = await this.#ownMember();
    await this.#transact(relieve(this.#names, this.#site, effect, lease));
  }

  /** Done only where all is as the operator was shown, and the chosen site's Patroni is there. */
  async recover(effect: EffectOf<'recover'>): Promise<{ done: boolean; view: View }> {
    const member = await this.patroniMember(effect.to);
    if (member === null) throw new Error(`Patroni of ${effect.to} is not in etcd`);
    const transaction = recover(this.#names, effect, member.lease);
    const { succeeded, view } = await this.#transact(transaction);
    return { done: succeeded, view };
  }

  /** What operators ordered after a loss, the first first; also what nobody can read any more. */
  async recoveries(): Promise<unknown[]> {
    const range = prefixRange(this.#names.recoveries);
    const { kvs = [] } = await this.#gateway.ask<{ kvs?: readonly KeyValue[] }>(
      '/v3/kv/range',
      range,
    );
    return kvs.map(foundIn).map(({ json, text }) => json ?? text);
  }

  async writePromise({ revision, ...promise }: EffectOf<'promise'>): Promise<View> {
    return (await this.#transact(writePromise(this.#names, this.#site, revision, promise))).view;
  }

  async takePromiseBack(revision: number): Promise<{ done: boolean; view: View }> {
    const taken = writePromise(this.#names, this.#site, revision, null);
    const { succeeded, view } = await this.#transact(taken);
    return { done: succeeded, view };
  }

  /** What `/sync` holds is written again as it is found; that it is what was seen, the transaction compares. */
  async giveUponPromises(effect: EffectOf<'give'>): Promise<{ done: boolean; view: View }> {
    const [{ lease }, sync] = await Promise.all([
      this.#ownMember(),
      this.#textOf(this.#names.patroniSync),
    ]);
    const transaction = giveUponPromises(this.#names, this.#site, effect, { lease, sync });
    const { succeeded, view } = await this.#transact(transaction);
    return { done: succeeded, view };
  }

  async #textOf(key: string): Promise<string> {
    const { kvs } = await this.#gateway.ask<{ kvs?: readonly KeyValue[] }>('/v3/kv/range', {
      key: base64(key),
    });
    return fromBase64(kvs?.[0]?.value ?? '');
  }

  async noteTimeline(effect: EffectOf<'note-timeline'>): Promise<View> {
    return (await this.#transact(noteTimeline(this.#names, effect))).view;
  }

  async endHistory(effect: EffectOf<'end-history'>): Promise<void> {
    await this.#transact(endHistory(this.#names, effect));
  }

  /** Whether this site's member leads, by its own word, and who the others are. */
  async leadership(): Promise<{ here: boolean; others: EtcdMember[] }> {
    const { header, leader } = await this.#gateway.askOwn<{ header: Header; leader?: string }>(
      '/v3/maintenance/status',
      {},
    );
    const { members = [] } = await this.#gateway.askOwn<{
      members?: { ID: string; name?: string; isLearner?: boolean }[];
    }>('/v3/cluster/member/list', { linearizable: false });
    const others = members
      .filter(({ ID, isLearner }) => ID !== header.member_id && !isLearner)
      .map(({ ID, name }) => ({ id: ID, name: name ?? '' }));
    return { here: leader === header.member_id, others };
  }

  async writeAlone(effect: EffectOf<'go-alone'>): Promise<View> {
    const config: unknown = JSON.parse(await this.#textOf(this.#names.patroniConfig));
    if (typeof config !== 'object' || config === null || Array.isArray(config))
      throw new Error("Patroni's configuration in etcd cannot be read");
    const transaction = writeAlone(this.#names, this.#site, effect, { ...config });
    return (await this.#transact(transaction)).view;
  }

  /** Only the leader itself can hand over, so this is asked of the own site's member. */
  async moveLeader(member: string): Promise<void> {
    await this.#gateway.askOwn('/v3/maintenance/transfer-leadership', { targetID: member });
  }

  async #ownMember(): Promise<{ lease: string }> {
    const member = await this.patroniMember(this.#site);
    if (member === null) throw new Error('Patroni of this site is not in etcd');
    return member;
  }

  /** In one transaction, so what it shows is of one moment. */
  async #transact({ compare, change }: Transaction): Promise<{ succeeded: boolean; view: View }> {
    const ranges = viewRanges(this.#names);
    const answer = await this.#gateway.ask<TxnAnswer>('/v3/kv/txn', {
      compare: compare.map(comparisonOf),
      success: [...change.map(changeOf), ...ranges],
      failure: ranges,
    });
    const found = (answer.responses ?? []).flatMap((each) => each.response_range?.kvs ?? []);
    const { cluster_id: clusterId, revision } = answer.header;
    const header = { clusterId, revision: Number(revision) };
    return {
      succeeded: answer.succeeded === true,
      view: readView(header, found.map(foundIn), this.#names),
    };
  }
}
