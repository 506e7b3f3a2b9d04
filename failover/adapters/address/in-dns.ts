import { Resolver } from 'node:dns/promises';
import { isIPv6, SocketAddress } from 'node:net';
import type { AddressTerm } from '../../core/effects.ts';
import type { Millis } from '../../core/timings.ts';
import { reasonOf } from '../../ports.ts';
import { outputOf } from '../program.ts';
import type { AddressDriver, Ground } from './address-driver.ts';

export interface AddressInDns {
  /** Those that take updates of the zone, each by itself: IP or IP:PORT. */
  readonly servers: readonly string[];
  readonly zone: string;
  readonly name: string;
  /** Where this site is reached. */
  readonly address: string;
  readonly ttlSeconds: number;
  /** A file with the TSIG key, as `tsig-keygen` writes it. */
  readonly keyFile: string;
}

/** Whose the name is, as far as one server says: of which etcd, and under which claim. */
interface Pointed {
  readonly to: readonly string[];
  readonly term: AddressTerm | null;
  /** The record as it stands; null where there is none. */
  readonly noted: string | null;
}

/**
 * A name that leads to the site which has the address (RFC 2136, by `nsupdate`). Beside it stands under which term that was
 * written, and each update is on condition that this is as it was read: whoever lost the lease and comes late changes nothing.
 * The name goes on leading here when this site is lost, until the next holder writes: there is no lifetime.
 */
export class InDns implements AddressDriver {
  readonly #at: AddressInDns;
  readonly #servers: readonly DnsServer[];
  readonly #ground: Ground;
  /** Under which term all servers were seen to lead here, and when. */
  #seen: { readonly revision: number; readonly at: Millis } | undefined;

  constructor(at: AddressInDns, ground: Ground) {
    [this.#at, this.#ground] = [at, ground];
    this.#servers = at.servers.map((server) => new DnsServer(server, at));
  }

  /** One server is enough: another may be in a site that is lost. It is told when it is back. */
  async hold(_until: Millis, term: AddressTerm): Promise<void> {
    const now = this.#ground.now();
    if (this.#seen?.revision === term.revision && now - this.#seen.at < LOOK_EVERY_MS) return;
    const told = await Promise.allSettled(this.#servers.map((server) => server.leadHere(term)));
    const errors = told.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    const overtaken = errors.find((error) => error instanceof Overtaken);
    if (overtaken) throw overtaken;
    if (errors.length === this.#servers.length) throw new AggregateError(errors, reasons(errors));
    for (const error of errors) this.#ground.onTrouble(error);
    this.#seen = { revision: term.revision, at: now };
  }

  /** Who still asks comes to a front, and fronts pass on. */
  async refuseNew(): Promise<void> {}

  /** The next holder writes the name anew; a name that leads nowhere would be remembered as such. */
  async drop(): Promise<void> {
    this.#seen = undefined;
  }

  async present(): Promise<boolean> {
    return false;
  }

  close(): void {}
}

/** So long a change by another hand, or a server that was away, may go unnoticed. */
const LOOK_EVERY_MS = 10_000;

/** A site that claimed the address later has the name. */
class Overtaken extends Error {}

/** One server of the zone. */
class DnsServer {
  readonly #host: string;
  readonly #port: number;
  readonly #at: AddressInDns;
  readonly #resolver = new Resolver({ timeout: ANSWERS_WITHIN_MS, tries: 1 });

  constructor(server: string, at: AddressInDns) {
    const { address, port } = SocketAddress.parse(server)!;
    [this.#host, this.#port, this.#at] = [address, port || 53, at];
    this.#resolver.setServers([`${isIPv6(address) ? `[${address}]` : address}:${this.#port}`]);
  }

  async leadHere(term: AddressTerm): Promise<void> {
    try {
      const pointed = await this.#look();
      this.#refuseIfOvertaken(pointed, term);
      if (pointed.to.join() === this.#at.address && isSame(pointed.term, term)) return;
      await this.#update(pointed.noted, term);
    } catch (error) {
      if (error instanceof Overtaken) throw error;
      throw new Error(`DNS server ${this.#host}: ${reasons([error])}`, { cause: error });
    }
  }

  /** Of another etcd nothing is known: it was made anew, and who follows it has the name now. */
  #refuseIfOvertaken({ term: noted }: Pointed, term: AddressTerm): void {
    if (noted?.clusterId !== term.clusterId || noted.revision <= term.revision) return;
    throw new Overtaken(
      `at DNS server ${this.#host} ${this.#at.name} belongs to claim ${noted.revision}, and this site's is ${term.revision}: another site has taken it since, or etcd was put back to an earlier copy, and then ${this.#note} TXT has to be deleted`,
    );
  }

  async #look(): Promise<Pointed> {
    const [to, notes] = await Promise.all([
      none(
        isIPv6(this.#at.address)
          ? this.#resolver.resolve6(this.#at.name)
          : this.#resolver.resolve4(this.#at.name),
      ),
      none(this.#resolver.resolveTxt(this.#note)),
    ]);
    const noted = notes[0]?.join('') ?? null;
    if (notes.length > 1 || (noted !== null && termIn(noted) === null))
      throw new Error(`${this.#note} TXT says what no agent wrote: delete it`);
    return { to, noted, term: noted === null ? null : termIn(noted) };
  }

  async #update(noted: string | null, term: AddressTerm): Promise<void> {
    const { zone, name, address, ttlSeconds, keyFile } = this.#at;
    const note = this.#note;
    const kind = isIPv6(address) ? 'AAAA' : 'A';
    const lines = [
      `server ${this.#host} ${this.#port}`,
      `zone ${zone}.`,
      noted === null ? `prereq nxrrset ${note}. TXT` : `prereq yxrrset ${note}. TXT "${noted}"`,
      `update delete ${name}. ${kind}`,
      `update add ${name}. ${ttlSeconds} ${kind} ${address}`,
      `update delete ${note}. TXT`,
      `update add ${note}. ${ttlSeconds} TXT "${written(term)}"`,
      'send\n',
    ];
    const options = ['-k', keyFile, '-t', '3', '-r', '0'];
    await outputOf('nsupdate', options, {
      withinMs: ANSWERS_WITHIN_MS * 2,
      input: lines.join('\n'),
    });
  }

  /** By IPv4 and by IPv6 a name may belong to a claim each. */
  get #note(): string {
    return `_farol-${isIPv6(this.#at.address) ? 'aaaa' : 'a'}.${this.#at.name}`;
  }
}

const ANSWERS_WITHIN_MS = 1_500;

const isSame = (one: AddressTerm | null, other: AddressTerm): boolean =>
  one?.clusterId === other.clusterId && one.revision === other.revision;

const written = ({ clusterId, revision }: AddressTerm): string => `${clusterId}/${revision}`;

function termIn(noted: string): AddressTerm | null {
  const [, clusterId, revision] = /^([0-9a-z]+)\/(\d+)$/i.exec(noted) ?? [];
  return clusterId === undefined ? null : { clusterId, revision: Number(revision) };
}

/** That there is no such record is an answer. */
async function none<Records>(asked: Promise<Records[]>): Promise<Records[]> {
  try {
    return await asked;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ENODATA' || code === 'ENOTFOUND') return [];
    throw error;
  }
}

const reasons = (errors: readonly unknown[]): string =>
  errors.map((error) => reasonOf(error).trim()).join('; ');
