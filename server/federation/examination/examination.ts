import type { SrvRecord } from 'node:dns';
import type { ServerName } from '../../protocol/identifiers.ts';
import { isObject, type JsonValue } from '../../protocol/json.ts';
import { hostWithPort } from '../../protocol/server-host.ts';
import { parseServerKeys } from '../../protocol/server-keys.ts';
import type { Admission } from '../admission.ts';
import { jsonIn } from '../answer.ts';
import { byTable, type Discovery, type Peer } from '../discovery/discovery.ts';
import {
  type DiscoveryPorts,
  findServer,
  type Target,
  type Way,
} from '../discovery/find-server.ts';
import type { WellKnown } from '../discovery/well-known.ts';
import type { FederationClient } from '../federation-client.ts';
import type { Reach, Told } from '../reach.ts';
import { failureAt, unresolved } from './failures.ts';
import type { Examined, Finding } from './finding.ts';

export interface ExaminationPorts {
  readonly own: ServerName;
  readonly isOpen: boolean;
  readonly admission: Pick<Admission, 'admits'>;
  readonly peers: ReadonlyMap<string, Peer>;
  readonly wellKnown: Pick<WellKnown, 'look'>;
  readonly srv: DiscoveryPorts['srv'];
  readonly reach: Pick<Reach, 'ask'>;
  readonly discovery: Pick<Discovery, 'forget'>;
  readonly client: Pick<FederationClient, 'askForBytes'>;
  readonly now: () => number;
}

/** Of each of at most four targets: an operator waits for it. */
const ANSWERS_WITHIN_MS = 8_000;
const BYTES_MAX = 65_536;

/** Goes the way to a server anew, whatever is remembered of it, and says of each step how it went, and who must act. */
export class Examination {
  readonly #ports: ExaminationPorts;

  constructor(ports: ExaminationPorts) {
    this.#ports = ports;
  }

  async of(server: ServerName): Promise<Examined> {
    const findings: Finding[] = [];
    const failed = await this.#walk(server, (finding) => void findings.push(finding));
    return { server, findings, failed };
  }

  /** The finding at which it ends before its end. */
  async #walk(server: ServerName, note: (finding: Finding) => void): Promise<Finding | undefined> {
    const noted = (finding: Finding) => {
      note(finding);
      return finding;
    };
    const admission = noted(this.#admitted(server));
    if (admission.result === 'failed') return admission;
    let unknown: Finding | undefined;
    const way = await this.#wayTo(server, (finding) => {
      if (finding.result === 'failed') unknown ??= finding;
      note(finding);
    });
    const reached = await this.#reached(way, note);
    // Where it is not known whether it is elsewhere nobody is to mend that it is not there.
    if ('step' in reached) return unknown ?? reached;
    for (const step of [() => this.#keysIn(server, reached), () => this.#asked(server)]) {
      const finding = noted(await step());
      if (finding.result === 'failed') return finding;
    }
    return undefined;
  }

  #admitted(server: ServerName): Finding {
    const { own, isOpen, admission } = this.#ports;
    const failed = (said: string, what: string): Finding => ({
      ...{ step: 'admission', result: 'failed', said },
      must: { who: 'this_server', what },
    });
    if (!isOpen)
      return failed('federation is off here', 'set federation.enabled, and start the server anew');
    if (server === own) return failed('that is this server', 'name another one');
    if (!admission.admits(server))
      return failed(
        'it is not among the servers that are let in here',
        'name it in federation.allow, or take it out of federation.deny',
      );
    return { step: 'admission', result: 'well', said: 'it is let in here' };
  }

  async #wayTo(server: ServerName, note: (finding: Finding) => void): Promise<Way> {
    const { peers, wellKnown, srv } = this.#ports;
    const peer = peers.get(server);
    if (peer) {
      const said = `federation.peers leads to ${at(peer)}`;
      note({ step: 'table', result: 'well', said });
      return byTable(server, peer);
    }
    return findServer(server, {
      wellKnown: async (host) => {
        const { delegated, said } = await wellKnown.look(host);
        note({ step: 'well_known', result: delegated === undefined ? 'none' : 'well', said });
        return delegated;
      },
      srv: async (name) => {
        const records = await srv(name).catch((error: Error) => error);
        note({ step: 'srv', ...recordsOf(name, records) });
        // As a request goes on by the name itself.
        return records instanceof Error ? [] : records;
      },
      // The one that is preferred.
      random: () => 0,
    });
  }

  /** What the first that answers tells as its keys, or why none does. */
  async #reached(way: Way, note: (finding: Finding) => void): Promise<Told | Finding> {
    let failed: Finding | undefined;
    for (const target of way.targets) {
      try {
        const told = await this.#ports.reach.ask(
          { ...way, targets: [target] },
          {
            ...{ method: 'GET', path: '/_matrix/key/v2/server', headers: {} },
            ...{ signal: AbortSignal.timeout(ANSWERS_WITHIN_MS), bytesMax: BYTES_MAX },
          },
        );
        const said = `${at(target)} answers, with a certificate of ${way.certifiedName}`;
        note({ step: 'connection', result: 'well', said });
        return told;
      } catch (error) {
        const finding: Finding = {
          ...{ step: 'connection', result: 'failed' },
          ...failureAt(at(target), error),
        };
        note(finding);
        failed ??= finding;
      }
    }
    return failed!;
  }

  async #keysIn(server: ServerName, { status, body }: Told): Promise<Finding> {
    const failed = (said: string, what: string): Finding => ({
      ...{ step: 'keys', result: 'failed', said: `/_matrix/key/v2/server: ${said}` },
      must: { who: 'other_server', what },
    });
    if (status !== 200)
      return failed(
        `status ${status}`,
        'let what answers there pass /_matrix on to their homeserver',
      );
    const json = await jsonIn(body, {});
    const parsed = json === undefined ? 'it is no JSON' : parseServerKeys(json, server);
    if (typeof parsed === 'string')
      return failed(parsed, `let ${server} lead to the homeserver of that name`);
    const { validUntilTs, keys } = parsed;
    const until = new Date(validUntilTs).toISOString();
    if (validUntilTs < this.#ports.now())
      return failed(`they were valid until ${until}`, 'look at the clock of their homeserver');
    const said = `${[...keys.keys()].join(', ')}, valid until ${until}`;
    return { step: 'keys', result: 'well', said };
  }

  /**
   * Signed, as all that is asked of others: for that it must have our keys, and so reach us. A transaction without anything,
   * by which messages come, and which no server switches off as many do the look-up of profiles.
   */
  async #asked(server: ServerName): Promise<Finding> {
    const { client, discovery, own, now } = this.#ports;
    // Else it went where the server was before, and that would be told of who is there now.
    discovery.forget(server);
    const content = { origin: own, origin_server_ts: now(), pdus: [], edus: [] };
    const path = `/_matrix/federation/v1/send/farol-doctor-${now()}`;
    const told = await client
      .askForBytes(server, { method: 'PUT', path, content, answersWithinMs: ANSWERS_WITHIN_MS })
      .catch((error: unknown) => error as Error);
    if (told instanceof Error)
      return {
        ...{ step: 'request', result: 'failed' },
        ...failureAt('a signed request', told.cause ?? told),
      };
    const { status } = told;
    const answer = await jsonIn(told.body, {});
    if (status === 200 && isObject(answer))
      return { step: 'request', result: 'well', said: 'it takes our signature' };
    return {
      ...{ step: 'request', result: 'failed' },
      said: `it answers a signed request with status ${status}${saidIn(answer)}`,
      must: status === 401 ? reachable(own) : theirs(status, answer),
    };
  }
}

function recordsOf(name: string, records: readonly SrvRecord[] | Error): Omit<Finding, 'step'> {
  if (records instanceof Error) return { result: 'failed', ...unresolved(name, records) };
  if (records.length === 0) return { result: 'none', said: `${name} has no record` };
  const targets = records.map(({ name: host, port }) => `${host}:${port}`);
  return { result: 'well', said: `${name} leads to ${targets.join(', ')}` };
}

const reachable = (own: ServerName): NonNullable<Finding['must']> => ({
  who: 'this_server',
  what: `let ${own} be reached from outside (/_matrix/key/v2/server and /.well-known/matrix/server): whoever cannot read our keys takes none of our requests`,
});

function theirs(status: number, answer: JsonValue | undefined): NonNullable<Finding['must']> {
  const who = 'other_server';
  // What stands before a homeserver, such as a proxy, has pages.
  if (!isObject(answer) || status === 404)
    return { who, what: 'let what answers there pass /_matrix/federation on to their homeserver' };
  return status === 403
    ? { who, what: 'let this server in, where they admit only some' }
    : { who, what: 'look at what their homeserver says of it' };
}

const at = ({ host, port }: Target): string => hostWithPort(host, port);

/** In their words, of which nobody knows how many they are. */
function saidIn(answer: JsonValue | undefined): string {
  if (!isObject(answer)) return ', and no words of a homeserver';
  return typeof answer.error === 'string' ? `: ${answer.error.slice(0, 200)}` : '';
}
