import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

export interface Guarded {
  /** Networks as `10.0.0.0/8`, which are reached beside the public ones. */
  readonly allowed: readonly string[];
  /** Of the configuration, where the operator names them. */
  readonly key: string;
  /** As the system does unless told. */
  readonly resolve?: Resolve;
}

export type Resolve = (hostname: string, options: LookupOptions) => Promise<LookupAddress[]>;

/**
 * Which addresses strangers' names may lead us to. Asked for the very address to which a connection
 * is made, each time: what a name says at another time, and where a redirect goes, changes nothing.
 */
export class AddressGuard {
  readonly #allowed = new BlockList();
  readonly #key: string;
  readonly #resolve: Resolve;

  constructor({ allowed, key, resolve = bySystem }: Guarded) {
    for (const network of allowed) add(this.#allowed, network);
    this.#key = key;
    this.#resolve = resolve;
  }

  /** What is no address is refused, too. */
  refuses(address: string): boolean {
    const kind = isIP(address);
    if (kind === 0) return true;
    const family = kind === 6 ? 'ipv6' : 'ipv4';
    return !this.#allowed.check(address, family) && FORBIDDEN.check(address, family);
  }

  /** For `net.connect`: those of a name's addresses that may be reached, and no others. */
  readonly lookup = (
    hostname: string,
    options: LookupOptions,
    callback: (
      error: NodeJS.ErrnoException | null,
      address: string | LookupAddress[],
      family?: number,
    ) => void,
  ): void => {
    this.#allowedOf(hostname, options).then(
      (allowed) =>
        options.all
          ? callback(null, allowed)
          : callback(null, allowed[0]!.address, allowed[0]!.family),
      (error) => callback(error, []),
    );
  };

  refusal(host: string): AddressRefused {
    return new AddressRefused(host, this.#key);
  }

  async #allowedOf(hostname: string, options: LookupOptions): Promise<LookupAddress[]> {
    const addresses = await this.#resolve(hostname, options);
    const allowed = addresses.filter(({ address }) => !this.refuses(address));
    if (allowed.length === 0) throw this.refusal(hostname);
    return allowed;
  }
}

export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';

  constructor(host: string, key: string) {
    super(
      `${host} leads to an address within a private network: name the network in the key ${key} if it is meant`,
    );
  }
}

const bySystem: Resolve = (hostname, options) => lookup(hostname, { ...options, all: true });

/** Without the system's own ways, such as its file of hosts: these take a thread for each name that nobody answers for. */
export function byNameServers(): Resolve {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  return async (hostname) => {
    const [four, six] = await Promise.allSettled([
      resolver.resolve4(hostname),
      resolver.resolve6(hostname),
    ]);
    if (four.status === 'rejected' && six.status === 'rejected') throw four.reason;
    return [...found(four, 4), ...found(six, 6)];
  };
}

const found = (looked: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] =>
  looked.status === 'fulfilled' ? looked.value.map((address) => ({ address, family })) : [];

function add(list: BlockList, network: string): void {
  const [address = '', prefix] = network.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) throw new Error(`no network: ${network}`);
  list.addSubnet(address, Number(prefix ?? bits), bits === 128 ? 'ipv6' : 'ipv4');
}

/**
 * Everything that is not of the public Internet (IANA's registries of special addresses): what is of one
 * machine or network, for documents, for many at once, or a cover of another address.
 */
const FORBIDDEN = new BlockList();
for (const network of [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/63', '2001::/23'],
  ...['2001:db8::/32', '2002::/16', '3fff::/20', '5f00::/16', 'fc00::/7', 'fe80::/10', 'fec0::/10'],
  'ff00::/8',
])
  add(FORBIDDEN, network);
