import { readFileSync } from 'node:fs';
import { SocketAddress } from 'node:net';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { reasonsNotToFence } from './third-fence.ts';

/** What is wrong with the configuration, in words for the operator. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const url = z.url({ protocol: /^https?$/ });
/** These names stand in etcd's keys and between commas in Patroni's. */
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be of a-z, 0-9 and "-"');

const tls = z.strictObject({
  ca: z.string().describe("PEM file: the cluster's own certificate authority."),
  certificate: z
    .string()
    .describe('PEM file: the certificate of this site, for client and server.'),
  key: z.string().describe('PEM file: its private key.'),
});

const onInterface = {
  interface: z.string().describe('The interface that carries the address while it is here.'),
  address: z
    .union([z.cidrv4(), z.cidrv6()], 'must be an address with the length of its prefix')
    .describe('The floating address with the length of its prefix, such as 192.0.2.10/24.'),
};
const bare = z.union([z.ipv4(), z.ipv6()], 'must be an address without the length of a prefix');
const dnsName = z.hostname().regex(/^(?!_farol-)[^.]+\./, 'must be a name with a dot');

/** Each kind of driver has its own keys. */
const address = z.discriminatedUnion('driver', [
  z.strictObject({
    driver: z.literal('arp').describe('`arp`: on a LAN, by ARP for IPv4 and NDP for IPv6.'),
    ...onInterface,
  }),
  z.strictObject({
    driver: z
      .literal('bgp')
      .describe('`bgp`: on an interface of its own, whose addresses a routing daemon announces.'),
    ...onInterface,
  }),
  z.strictObject({
    driver: z.literal('dns').describe('`dns`: a name, by updates of its zone (RFC 2136).'),
    servers: z
      .array(z.string().refine(isServer, 'must be IP or IP:PORT'))
      .min(1)
      .describe('Who takes updates of the zone, each by itself; one that takes them is enough.'),
    zone: dnsName.describe('The zone of the name.'),
    name: dnsName.describe('The name that leads to the site which has the address.'),
    address: bare.describe('Where this site is reached: other sites have others.'),
    ttlSeconds: z
      .int()
      .min(1)
      .max(3_600)
      .default(15)
      .describe('For how long resolvers go on leading to the site before.'),
    keyFile: z.string().describe('File with the TSIG key, as `tsig-keygen` writes it.'),
  }),
  z.strictObject({
    driver: z.literal('hook').describe('`hook`: whatever a program of yours can move.'),
    address: bare.describe('The address that it moves.'),
    command: z
      .array(z.string())
      .min(1)
      .describe(
        'The program and what it is given first; behind it comes `claim`, `release` or `status`.',
      ),
    withinSeconds: z
      .int()
      .min(1)
      .max(60)
      .default(10)
      .describe('After that it is ended, with all that it started.'),
  }),
]);

const NUT_WORD = /^[^\s"\\]{1,100}$/;

const ups = {
  host: z.string().default('127.0.0.1').describe('Where its upsd listens.'),
  port: z.int().min(1).max(65_535).default(3493),
  ups: z
    .string()
    .regex(NUT_WORD, 'must be a name without spaces')
    .describe('The name of the UPS at its upsd.'),
  ca: z
    .string()
    .optional()
    .describe(
      'The authority (a PEM file) of the certificate that this upsd shows, for HOST: then it is asked over TLS alone (STARTTLS). Without it, in the clear.',
    ),
  login: z
    .strictObject({
      user: z.string().regex(NUT_WORD, 'must be a word without spaces and quotes'),
      passwordFile: z
        .string()
        .describe('A file with the password and nothing else, read at each question.'),
    })
    .optional()
    .describe(
      'A user of this upsd, where it answers nobody else. NUT 2.8 answers everybody who asks how a UPS is, and looks at no password for that.',
    ),
};

/** Nothing is asked of DNS to find a DNS server. */
function isServer(text: string): boolean {
  return SocketAddress.parse(text) !== undefined;
}

const common = z.strictObject({
  cluster: name.describe('Name of the cluster: where its keys are in etcd.'),
  site: name.describe("Name of this site; also that of its etcd member and of its Patroni's."),
  runtimeDir: z
    .string()
    .default('/run/farol')
    .describe(
      'Folder of the sockets server/server.sock, front/front.sock and agent/agent.sock; it belongs to root, each folder in it to its program.',
    ),
  tls: tls.optional().describe('Mutual TLS towards etcd, Patroni and the writer.'),
  etcd: z.strictObject({
    endpoints: z
      .array(url)
      .min(1)
      .describe(
        "Client URLs of etcd's members, this site's own first; the rest when it is silent.",
      ),
  }),
  peers: z
    .strictObject({
      listen: z
        .string()
        .regex(/^.+:\d+$/, 'must be HOST:PORT')
        .describe('HOST:PORT where the agents of the other sites ask this one, by mutual TLS.'),
      sites: z
        .record(name, z.url({ protocol: /^https$/ }))
        .describe(
          "URL of each other site's `peers.listen`, a witness's too, by the name of the site.",
        ),
      failsafe: z
        .boolean()
        .default(false)
        .describe(
          'With all of etcd away the leader goes on, for ten minutes at most, as long as every other site with a copy of the database lets it, asked anew every 0.3 s. The same at every site, where `patroni.yml` must have it, too; change it only while etcd answers. Off by default: docs/faults.md, F20.',
        ),
      thirdFence: z
        .boolean()
        .default(false)
        .describe(
          'A site that is silent is replaced as soon as all others with a copy have promised to confirm nothing from it any more, and not when its lease ends: after some five seconds, not twenty. Needs the program that turns it away at every such site (failover/block), and `sites` by their addresses. The same at every site. Off by default: docs/third-fence.md says what is proved.',
        ),
    })
    .optional()
    .describe(
      'Agents ask each other without etcd: `status` then knows how the sites are while etcd is away. Needs `tls`, whose certificates carry the names of the sites.',
    ),
  patroni: z
    .strictObject({
      url: url.describe("The REST API of this site's Patroni."),
      scope: name.optional().describe("Patroni's scope, if it is not the name of the cluster."),
      strict: z
        .boolean()
        .default(true)
        .describe(
          'PostgreSQL acknowledges nothing without a standby: true with three sites, false with two and a witness.',
        ),
      postgres: z
        .strictObject({
          dataDir: z.string().describe('The data folder of PostgreSQL.'),
          binDir: z.string().describe('The folder of pg_controldata.'),
          probeDir: z
            .string()
            .optional()
            .describe(
              'A folder that the agent may write in, on the disk of `dataDir` and outside of it (clones remove that). It writes there once a second, to see a disk that does not answer; without it none is seen, and `status` says so.',
            ),
        })
        .optional()
        .describe(
          "Lets the agent see how PostgreSQL ends, and so hand over Patroni's leader key in a planned switchover; without it that takes about three seconds more.",
        ),
    })
    .optional(),
  server: z
    .strictObject({
      url: url.describe(
        'Where fronts of all sites reach the server of this one: its `cluster.listen`.',
      ),
    })
    .optional(),
  addresses: z
    .array(address)
    .default([])
    .describe(
      'The floating addresses, such as one by IPv4 and one by IPv6: they are at one site, and move together. The same at every site, but for what a name leads to. Without any this site never holds them.',
    ),
  power: z
    .strictObject({
      ...ups,
      others: z
        .array(z.strictObject(ups))
        .max(7)
        .default([])
        .describe('Further UPSes of this site.'),
      needs: z
        .enum(['all', 'one'])
        .default('all')
        .describe(
          'Where there are several: `all` if the site is down without any of them (the switch hangs on another than the machine), `one` if any is enough (a machine with two supplies).',
        ),
    })
    .optional()
    .describe('The UPS of this site, over the NUT protocol. Without it power decides nothing.'),
  metrics: z
    .strictObject({
      listen: z
        .string()
        .regex(/^.+:\d+$/, 'must be HOST:PORT')
        .describe(
          'HOST:PORT where `exporter` answers Prometheus, in the clear: a firewall must say who may ask.',
        ),
    })
    .optional()
    .describe('What this site measures, for Prometheus. Needed by the exporter alone.'),
});

/** A witness has etcd and an agent only; every other site has all of these. */
const NEEDED = ['patroni', 'server', 'front'] as const;

/**
 * The schema of a site's failover.yml, for agent and front alike. The front's own section belongs to
 * the front, and is put in here.
 */
export function schemaWith<Front extends Listening>(front: z.ZodType<Front>) {
  return common
    .extend({
      witness: z.boolean().default(false).describe('This site has etcd and an agent, and no data.'),
      front: front.optional(),
    })
    .superRefine((config, context) => {
      for (const section of NEEDED) {
        const given = config[section] !== undefined;
        if (given === config.witness) {
          const message = config.witness ? 'a witness has none' : 'is missing';
          context.addIssue({ code: 'custom', path: [section], message });
        }
      }
      const { peers, tls: identity, site } = config;
      for (const { path, message } of reasonsNotToFence(config))
        context.addIssue({ code: 'custom', path: [...path], message });
      if (peers !== undefined && identity === undefined)
        context.addIssue({
          code: 'custom',
          path: ['tls'],
          message: 'is missing: `peers` needs it',
        });
      if (peers !== undefined && site in peers.sites) {
        const message = 'is this site itself';
        context.addIssue({ code: 'custom', path: ['peers', 'sites', site], message });
      }
      const unheard = config.addresses.find(({ address }) => address.includes(':'));
      if (unheard && BY_IPV4.test(config.front?.listen ?? '')) {
        const message = `must be by IPv6 too, such as [::]:443, since ${unheard.address} is`;
        context.addIssue({ code: 'custom', path: ['front', 'listen'], message });
      }
    });
}

/** HOST:PORT, where clients connect to. */
interface Listening {
  readonly listen: string;
}

const BY_IPV4 = /^[\d.]+:/;

export type FailoverConfig<Front extends Listening> = z.output<
  ReturnType<typeof schemaWith<Front>>
>;

export function readConfig<Front extends Listening>(
  path: string,
  front: z.ZodType<Front>,
): FailoverConfig<Front> {
  let tree: unknown;
  try {
    tree = parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`The configuration cannot be read: ${reason}`, { cause: error });
  }
  const result = schemaWith(front).safeParse(tree);
  if (result.success) return result.data;
  const said = result.error.issues.map(
    ({ path: at, message }) => `${at.join('.') || path}: ${message}`,
  );
  throw new ConfigError(`The configuration ${path} is wrong:\n${said.join('\n')}`);
}
