import type { Effect } from '../../core/effects.ts';
import type { EtcdMember, Lease } from '../../core/inputs.ts';
import type { Report, Site, View } from '../../core/view.ts';
import { base64, fromBase64, type Gateway } from './gateway.ts';
import { type Header, type KeyNames, type KeyValue, readView, viewRanges } from './keys.ts';

type Of<Kind extends Effect['kind']> = Extract<Effect, { kind: Kind }>;

interface TxnAnswer {
  readonly header: Header;
  readonly succeeded?: boolean;
  readonly responses?: readonly { response_range?: { kvs?: readonly KeyValue[] } }[];
}

/** What the agent asks of etcd. Each is one transaction, so what it shows is of one moment. */
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
    return (await this.#transact([], [])).view;
  }

  /** Refused whole if one of the leases is not ours any more: then nothing was put. */
  async pulse({ holds, report }: Of<'pulse'>): Promise<{ renewed: boolean; view: View }> {
    const terms = Object.entries(holds) as [Lease, number][];
    const compare = terms.map(([lease, term]) => unchanged(this.#leaseKey(lease), term));
    const { succeeded, view } = await this.#transact(compare, [this.#putReport(report)]);
    return { renewed: succeeded, view };
  }

  async claim({
    lease,
    revision,
    over,
    report,
  }: Of<'claim'>): Promise<{ won: boolean; view: View }> {
    const compare = [unchanged(this.#leaseKey(lease), revision)];
    if (over !== null) compare.push(unchanged(this.#names.sites + over.site, over.pulse));
    const take = put(this.#leaseKey(lease), { site: this.#site });
    const { succeeded, view } = await this.#transact(compare, [this.#putReport(report), take]);
    return { won: succeeded, view };
  }

  /** Leaves the key without a site. If the term was over already, there is nothing to do. */
  async release({ lease, revision }: Of<'release'>): Promise<View> {
    const key = this.#leaseKey(lease);
    return (await this.#transact([unchanged(key, revision)], [put(key, { site: null })])).view;
  }

  /** What is left of a lease of Patroni's, in milliseconds; null if there is no such lease. */
  async leaseLeftMs(lease: string): Promise<number | null> {
    const answer = await this.#gateway.ask<{ TTL?: string }>('/v3/lease/timetolive', { ID: lease });
    const seconds = Number(answer.TTL ?? 0);
    return seconds > 0 ? seconds * 1_000 : null;
  }

  /** What each member says of itself, which needs no majority: whether it answers, and knows a leader. */
  async members(): Promise<{ readonly answers: boolean; readonly knowsLeader: boolean }[]> {
    const asked = await this.#gateway.askEach<{ leader?: string }>('/v3/maintenance/status', {});
    return asked.map((each) => ({
      answers: each.status === 'fulfilled',
      knowsLeader: each.status === 'fulfilled' && (each.value.leader ?? '0') !== '0',
    }));
  }

  /** Where another site's Patroni answers, and the lease that it renews. Null while it is away. */
  async patroniMember(site: Site): Promise<{ url: string; lease: string } | null> {
    const answer = await this.#gateway.ask<{ kvs?: readonly KeyValue[] }>('/v3/kv/range', {
      key: base64(this.#names.patroniMember(site)),
    });
    const found = answer.kvs?.[0];
    if (found?.lease === undefined) return null;
    const { api_url } = JSON.parse(fromBase64(found.value ?? '')) as { api_url: string };
    return { url: api_url, lease: found.lease };
  }

  /**
   * Gives Patroni's leader key to another site, with that one's own lease, and ends the wish for a
   * switchover: in one transaction, so that no site ever sees the key vacant. False if the key, the
   * wish, `/sync` or the lease are not what they were.
   */
  async giveLeaderKey(
    { to, lease, failover, sync }: Of<'hand-over'>,
    toLease: string,
  ): Promise<boolean> {
    const { patroniLeader, patroniSync, patroniFailover, patroniMember } = this.#names;
    const compare = [
      hasLease(patroniLeader, lease),
      hasValue(patroniLeader, this.#site),
      unchanged(patroniFailover, failover),
      unchanged(patroniSync, sync),
      hasLease(patroniMember(to), toLease),
    ];
    const key = base64(patroniLeader);
    const answer = await this.#gateway.ask<TxnAnswer>('/v3/kv/txn', {
      compare,
      success: [
        { request_put: { key, value: base64(to), lease: toLease } },
        { request_delete_range: { key: base64(patroniFailover) } },
      ],
    });
    return answer.succeeded === true;
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

  /** Only the leader itself can hand over, so this is asked of the own site's member. */
  async moveLeader(member: string): Promise<void> {
    await this.#gateway.askOwn('/v3/maintenance/transfer-leadership', { targetID: member });
  }

  #leaseKey(lease: Lease): string {
    return this.#names.leases + lease;
  }

  #putReport(report: Report) {
    return put(this.#names.sites + this.#site, report);
  }

  async #transact(compare: object[], puts: object[]) {
    const ranges = viewRanges(this.#names);
    const answer = await this.#gateway.ask<TxnAnswer>('/v3/kv/txn', {
      compare,
      success: [...puts, ...ranges],
      failure: ranges,
    });
    const found = (answer.responses ?? []).flatMap((each) => each.response_range?.kvs ?? []);
    return {
      succeeded: answer.succeeded === true,
      view: readView(answer.header, found, this.#names),
    };
  }
}

/** The revision 0 says that there is no such key. */
const unchanged = (key: string, revision: number) => ({
  key: base64(key),
  target: 'MOD',
  result: 'EQUAL',
  mod_revision: String(revision),
});

const hasLease = (key: string, lease: string) => ({
  key: base64(key),
  target: 'LEASE',
  result: 'EQUAL',
  lease,
});

const hasValue = (key: string, value: string) => ({
  key: base64(key),
  target: 'VALUE',
  result: 'EQUAL',
  value: base64(value),
});

const put = (key: string, value: object) => ({
  request_put: { key: base64(key), value: base64(JSON.stringify(value)) },
});
