import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';

/**
 * Which addresses other servers' names may lead us to. Asked for the very address to which a connection
 * is made, each time: what a name says at another time, and where a redirect goes, changes nothing.
 */
export class AddressGuard {
  readonly #allowed = new BlockList();

  /** Networks as `10.0.0.0/8`, which are reached beside the public ones. */
  constructor(allowed: readonly string[]) {
    for (const network of allowed) add(this.#allowed, network);
  }

  refuses(address: string): boolean {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (this.#allowed.check(address, family)) return false;
    return FORBIDDEN.check(address, family);
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
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const allowed = addresses.filter(({ address }) => !this.refuses(address));
      const [first] = allowed;
      if (!first) return callback(new AddressRefused(hostname), []);
      if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';

  constructor(host: string) {
    super(
      `${host} leads to an address within a private network: name the network in the key federation.allowNetworks if it is meant`,
    );
  }
}

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
  ...['::/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32'],
  ...['2002::/16', '3fff::/20', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
])
  add(FORBIDDEN, network);
