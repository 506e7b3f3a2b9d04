import { randomUUID } from 'node:crypto';
import { homedir, hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { driverOf, leavesTheMachine, shownAs } from './adapters/address/driver.ts';
import { together } from './adapters/address/together.ts';
import { Blocking } from './adapters/blocking/blocking.ts';
import { NOTE } from './adapters/blocking/note.ts';
import { bootTime } from './adapters/clock/boot-time.ts';
import { DiskProbe } from './adapters/disk/disk-probe.ts';
import { oneAtATime } from './adapters/disk/one-at-a-time.ts';
import { Etcd } from './adapters/etcd/etcd.ts';
import { Gateway } from './adapters/etcd/gateway.ts';
import { lastMember } from './adapters/etcd/last-member.ts';
import { etcdDamage, isGivenUp } from './adapters/etcd/member-told.ts';
import { lookedAround, lookedAt } from './adapters/etcd/own-member.ts';
import { watch } from './adapters/etcd/watch.ts';
import { Front } from './adapters/front/front.ts';
import { Links } from './adapters/links/links.ts';
import { machine } from './adapters/machine/machine.ts';
import { cloneWith } from './adapters/patroni/clone.ts';
import { copyDamage } from './adapters/patroni/copy-checked.ts';
import { handOverWith } from './adapters/patroni/hand-over.ts';
import { Patroni } from './adapters/patroni/patroni.ts';
import { promotionTold } from './adapters/patroni/promotion-told.ts';
import { setAside } from './adapters/patroni/set-aside.ts';
import { LeaveNote } from './adapters/peers/leave-note.ts';
import { Peers } from './adapters/peers/peers.ts';
import { readPower } from './adapters/power/nut.ts';
import { isGone, Server } from './adapters/server/server.ts';
import { startWatchdog } from './adapters/watchdog/watchdog.ts';
import { Agent } from './agent.ts';
import { earliest } from './certificates/first-end.ts';
import { Identity, type IdentityFiles } from './certificates/identity.ts';
import { endOfShown } from './certificates/shown.ts';
import { askPassword } from './cli/ask-password.ts';
import { adminOrders, limitOf, shownOrders } from './cli/audit.ts';
import { COMMANDS, OPTIONS } from './cli/commands.ts';
import { exitCodeOf } from './cli/exit-code.ts';
import { leave } from './cli/leave.ts';
import { showLogs } from './cli/logs.ts';
import { maintenance } from './cli/maintenance.ts';
import { type Operator, operate } from './cli/operate.ts';
import { promote } from './cli/promote.ts';
import { listOf, recover } from './cli/recover.ts';
import { sentences, table } from './cli/table.ts';
import { forTerminal, isTerminal, jsonForTerminal, typed, whoAsks } from './cli/terminal.ts';
import { completion, manPage, usage } from './cli/usage.ts';
import { ConfigError, type FailoverConfig, readConfig } from './config/config.ts';
import { keyNames } from './core/etcd/names.ts';
import type { Looked } from './core/recovery/promotion.ts';
import type { State } from './core/state.ts';
import { type Millis, TIMINGS } from './core/timings.ts';
import { diagnose } from './doctor/diagnose.ts';
import { look } from './doctor/look/look.ts';
import { publicNameOf } from './doctor/look/name.ts';
import { exitCodeOf as exitCodeOfDiagnosis, shown } from './doctor/shown.ts';
import { surroundingsOf } from './doctor/surroundings.ts';
import { startExporter } from './exporter/exporter.ts';
import { type FrontConfig, frontConfig } from './front/config.ts';
import { startFront } from './front/front.ts';
import type { Ports, SitePorts } from './ports.ts';
import { openAgentSocket } from './status/agent-socket.ts';
import { type AskedNow, type Status, statusOf } from './status/status.ts';
import { type AdminApi, adminApiBehind } from './users/admin-api.ts';
import { doctorFederation } from './users/doctor-federation.ts';
import { ownFront } from './users/door.ts';
import { keptLogin } from './users/kept-login.ts';
import { sharedSecretBeside } from './users/shared-secret.ts';
import { signingKey } from './users/signing-key.ts';
import { users } from './users/users.ts';

type Config = FailoverConfig<FrontConfig>;

const { positionals, values } = parseArgs({ allowPositionals: true, options: OPTIONS });

try {
  await run(positionals[0] ?? 'agent');
} catch (error) {
  if (error instanceof ConfigError) console.error(error.message);
  else if (!isOperators(positionals[0])) throw error;
  else console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function run(command: string): Promise<void> {
  if (values.help) return console.log(usage());
  if (command === 'completion') return console.log(completion());
  if (command === 'man') return console.log(manPage());
  // Where the configuration is broken, too.
  if (command === 'logs') return runLogs();
  const config = readConfig(values.config, frontConfig);
  if (command === 'agent') await runAgent(config);
  else if (command === 'front') await runFront(config);
  else if (command === 'exporter') await runExporter(config);
  else if (command === 'doctor' && positionals[1] === 'federation')
    await asAdministrator(config, positionals.slice(2), doctorFederation);
  else if (command === 'doctor') await runDoctor(config);
  else if (command === 'audit') await runAudit(config);
  else if (command === 'users') await runUsers(config);
  else if (command === 'signing-key')
    await asAdministrator(config, positionals.slice(1), signingKey);
  else if (command === 'promote') await runPromotion(config);
  else if (isOperators(command)) await runOperator(command, config.runtimeDir);
  else throw new ConfigError(`There is no command "${command}".\n${usage()}`);
}

function isOperators(command: string | undefined): boolean {
  return COMMANDS.some(({ name, isOperators }) => name === command && isOperators);
}

async function runAgent(config: Config): Promise<void> {
  startWatchdog();
  const log = pino({ base: { site: config.site }, timestamp: pino.stdTimeFunctions.isoTime });
  const { ports, askNow, recoveries, lookAround, close } = connect(config, log);
  const began = ports.now();
  const self = {
    site: config.site,
    ...machine(),
    witness: config.witness,
    serverUrl: config.server?.url ?? null,
    strict: config.patroni?.strict ?? true,
    mayHandOver: ports.site?.handOver != null,
    mayHoldAddress: ports.address !== null,
    failsafe: config.peers?.failsafe ?? false,
    thirdFence: config.peers?.thirdFence ?? false,
    // What starts etcd takes in no member yet that was removed, and only listens at first (docs/going-alone.md); and no configuration switches it on.
    alone: false,
  };
  const agent = new Agent(self, ports, log);
  const socket = await openAgentSocket(config.runtimeDir, {
    routing: () => agent.routing(),
    status: async () => {
      const asked = await askNow(agent.state);
      return statusOf(agent.state, agent.explain(), asked, ports.now());
    },
    onStep: (listener) => agent.onStep(listener),
    switchover: (to) => agent.switchover(to),
    pause: (forMs) => agent.pause(forMs),
    recovery: (to) => agent.recovery(to),
    promotion: async () => agent.promotion({ ...(await lookAround()), began }),
    recover: (order) => agent.recover({ ...order, at: new Date().toISOString() }),
    recoveries,
  });
  const stop = untilStopped();
  log.info({ cluster: config.cluster, socket: socket.path }, 'the agent watches');
  await agent.run(stop);
  await Promise.all([socket.close(), close()]);
}

function connect(
  config: Config,
  log: pino.Logger,
): {
  ports: Ports;
  askNow: (state: State) => Promise<AskedNow>;
  recoveries: () => Promise<unknown[]>;
  lookAround: () => Promise<Pick<Looked, 'own' | 'beside'>>;
  close: () => Promise<unknown>;
} {
  const { tls } = config;
  const now = bootTime();
  const names = keyNames(config.cluster, config.patroni?.scope ?? config.cluster);
  const identity = tls && identityOf(tls, log);
  const gateway = new Gateway({
    endpoints: config.etcd.endpoints,
    deadlineMs: TIMINGS.etcdDeadlineMs,
    ...(identity && { identity }),
  });
  const onTrouble = (err: unknown) => log.warn({ err }, 'the address');
  const drivers = config.addresses.map((each) => driverOf(each, { now, onTrouble }));
  const address = drivers.length === 0 ? null : together(drivers);
  const { power } = config;
  const etcd = new Etcd(gateway, names, config.site);
  const dataDir = config.patroni?.postgres?.dataDir;
  const aside = oneAtATime(async () => (dataDir === undefined ? null : setAside(dataDir)));
  const links = new Links({ urls: config.etcd.endpoints.slice(1), now });
  const site = connectSite(config, etcd, { identity, now });
  const peers = peersOf(config, identity, log);
  const ports: Ports = {
    now,
    wallClock: Date.now,
    etcd,
    watch: (tell, signal) => watch(gateway, names, tell, signal),
    site: site?.ports ?? null,
    address,
    power: power ? () => readPower([power, ...power.others], power.needs) : null,
    etcdDamage: () => etcdDamage(config.runtimeDir),
    members: null,
    links: () => links.look(),
    peers,
    certificatesEnd: async () =>
      earliest(
        await Promise.all([...endsShown(config, identity), site?.front.certificatesEnd() ?? null]),
      ),
  };
  return {
    ports,
    askNow: (state) => askNow(config, etcd, state, aside),
    recoveries: () => etcd.recoveries(),
    lookAround: () =>
      lookedAround({
        ...{ gateway, names, site: config.site, runtimeDir: config.runtimeDir },
        others: config.etcd.endpoints.slice(1),
        besides: Object.values(config.peers?.sites ?? {}),
        withinMs: TIMINGS.etcdDeadlineMs,
      }),
    close: () => {
      address?.close();
      identity?.close();
      return Promise.all([gateway.close(), site?.close(), peers?.close()]);
    },
  };
}

function peersOf(
  { cluster, site, peers, runtimeDir }: Config,
  identity: Identity | undefined,
  log: pino.Logger,
): Peers | null {
  if (peers === undefined || identity === undefined) return null;
  const onTrouble = (err: unknown) => log.warn({ err }, 'the port of the agents');
  const { listen, sites: urls } = peers;
  const note = new LeaveNote(runtimeDir, bootTime());
  return new Peers({ cluster, site, listen, urls, identity, note, onTrouble });
}

/** What only the moment of the question can tell. */
async function askNow(
  config: Config,
  etcd: Etcd,
  { view }: State,
  aside: () => Promise<AskedNow['setAside']>,
): Promise<AskedNow> {
  const lease = view?.patroni.leader?.lease;
  const [members, givenUp, patroniKeyLeftMs, setAside, halfMade] = await Promise.all([
    etcd.members(),
    isGivenUp(config.runtimeDir),
    lease === undefined ? null : etcd.leaseLeftMs(lease).catch(() => null),
    aside(),
    lease === undefined ? etcd.halfMade().catch(() => null) : null,
  ]);
  const { endpoints } = config.etcd;
  return {
    etcd: members.map((member, index) => ({ member: new URL(endpoints[index]!).host, ...member })),
    isGivenUp: givenUp,
    patroniKeyLeftMs,
    setAside,
    halfMade,
    addresses: config.addresses.map(shownAs),
  };
}

function identityOf(files: IdentityFiles, log: pino.Logger): Identity {
  const onTrouble = (err: unknown) => log.warn({ err }, 'a renewed certificate was not taken up');
  return new Identity({ files, onTrouble });
}

/** What this agent uses, and what the programs of this site show by now: the disk says nothing of it. */
function endsShown({ etcd, patroni, server }: Config, identity: Identity | undefined) {
  if (identity === undefined) return [];
  const urls = [etcd.endpoints[0], patroni?.url, server?.url].filter((url) => url !== undefined);
  return [identity.end, ...urls.map((url) => endOfShown(url, identity))];
}

function connectSite(
  config: Config,
  etcd: Etcd,
  { identity, now }: { identity: Identity | undefined; now: () => Millis },
): { ports: SitePorts; front: Front; close: () => Promise<unknown> } | null {
  if (config.patroni === undefined) return null;
  const { postgres } = config.patroni;
  const patroni = new Patroni(config.patroni.url, identity);
  const server = new Server(config.runtimeDir);
  const front = new Front(config.runtimeDir);
  const disk = postgres ? new DiskProbe({ ...postgres, now }) : null;
  const blocking = new Blocking(config.runtimeDir, NOTE);
  return {
    ports: {
      patroni,
      server,
      front,
      isGone,
      disk: disk && (() => disk.look()),
      // Also where the third fence is off: one that was switched off may have left a block.
      blocking,
      promotionTold: () => promotionTold(config.runtimeDir),
      copyDamage: () => copyDamage(config.runtimeDir),
      cloneAnew: cloneWith(etcd, patroni, identity),
      handOver: postgres
        ? handOverWith(etcd, patroni, { ...postgres, ...(identity && { identity }) })
        : null,
    },
    front,
    close: () => {
      disk?.close();
      return Promise.all([patroni, server, front, blocking].map((each) => each.close()));
    },
  };
}

async function runFront(config: Config): Promise<void> {
  if (config.front === undefined) throw new ConfigError('A witness has no front.');
  startWatchdog();
  const log = pino({ base: { site: config.site }, timestamp: pino.stdTimeFunctions.isoTime });
  const stop = untilStopped();
  const front = await startFront({
    config: config.front,
    runtimeDir: config.runtimeDir,
    addresses: config.addresses
      .filter(leavesTheMachine)
      .map(({ address }) => address.replace(/\/.*$/, '')),
    log,
  });
  await ended(stop);
  await front.drain();
  await front.close();
}

async function runExporter(config: Config): Promise<void> {
  const { metrics, runtimeDir, tls, etcd, witness } = config;
  if (metrics === undefined) throw new ConfigError('The exporter needs `metrics.listen`.');
  const log = pino({ base: { site: config.site }, timestamp: pino.stdTimeFunctions.isoTime });
  const identity = tls && identityOf(tls, log);
  const exporter = await startExporter(metrics.listen, {
    runtimeDir,
    witness,
    etcd: etcd.endpoints[0]!,
    identity,
  });
  log.info({ port: exporter.port }, 'the exporter answers');
  await ended(untilStopped());
  await exporter.close();
  identity?.close();
}

async function runOperator(command: string, runtimeDir: string): Promise<void> {
  const operator = operate(runtimeDir);
  try {
    if (command === 'status') showStatus(await operator.status(), values.json);
    else if (command === 'why') showStatus(await operator.status(), false, sentences);
    else if (command === 'recover') await runRecovery(operator);
    else if (command === 'recoveries') print(listOf(await operator.recoveries()));
    else if (command === 'leave') process.exitCode = await leave(operator, print);
    else if (command === 'switchover') print(await operator.switchover(values.to ?? null));
    else if (command === 'maintenance')
      print(await maintenance(operator, positionals[1], values.for));
    else print(await operator.pause(minutes()));
  } finally {
    await operator.close();
  }
}

async function runRecovery(operator: Operator): Promise<void> {
  const { to = null, confirm = null } = values;
  process.exitCode = await recover(operator, {
    to,
    by: whoAsks(),
    print,
    confirm: confirm === null && isTerminal() ? typed : async () => confirm,
  });
}

async function runPromotion(config: Config): Promise<void> {
  if (config.witness)
    throw new ConfigError('A witness has no copy of the database: ask at a site that has one.');
  const { runtimeDir, cluster, patroni } = config;
  const { confirm = null, json } = values;
  const names = keyNames(cluster, patroni?.scope ?? cluster);
  const operator = operate(runtimeDir);
  const ordered = lastMember({ runtimeDir });
  try {
    process.exitCode = await promote(operator, {
      ...{ by: whoAsks(), at: new Date().toISOString(), id: randomUUID(), print, json },
      keys: names,
      goOnAlone: ordered,
      look: () => ordered({ id: randomUUID(), look: lookedAt(names) }),
      confirm: confirm === null && isTerminal() && !json ? typed : async () => confirm,
    });
  } finally {
    await operator.close();
  }
}

function print(text: string): void {
  console.log(forTerminal(text));
}

function showStatus(status: Status, json: boolean, show = table): void {
  if (json) console.log(JSON.stringify(status));
  else print(show(status));
  process.exitCode = exitCodeOf(status);
}

function runLogs(): void {
  process.exitCode = showLogs({ since: values.since, follow: values.follow });
}

async function runAudit({ runtimeDir }: Config): Promise<void> {
  const orders = await adminOrders(runtimeDir, limitOf(values.limit));
  if (values.json) console.log(JSON.stringify({ orders }));
  else print(shownOrders(orders));
}

async function runUsers(config: Config): Promise<void> {
  const { confirm = null, ...options } = values;
  await byAdminApi(config, ({ api, serverName }) =>
    users(
      { words: positionals.slice(1), ...options, limit: options.limit },
      {
        ...{ api, serverName, askPassword, print: printed, host: hostname() },
        sharedSecret: () => sharedSecretBeside(values.config),
        login: keptLogin(process.env, homedir()),
        confirm: confirm === null && isTerminal() ? typed : async () => confirm,
      },
    ),
  );
}

async function asAdministrator(config: Config, words: string[], deed: typeof signingKey) {
  const login = keptLogin(process.env, homedir());
  const asked = { words, json: values.json };
  await byAdminApi(config, ({ api }) => deed(asked, { api, login, print: printed }));
}

async function byAdminApi(
  { front }: Config,
  deed: (by: { api: AdminApi; serverName: string }) => Promise<number>,
): Promise<void> {
  const name = publicNameOf(values.config, undefined);
  if (front === undefined || name === null)
    throw new ConfigError('A witness has no front that could be asked: ask at a site.');
  const api = adminApiBehind(ownFront(front, name.publicUrl));
  try {
    process.exitCode = await deed({ api, serverName: name.serverName });
  } finally {
    await api.close();
  }
}

function printed(text: string): void {
  print(values.json ? jsonForTerminal(text) : text);
}

async function runDoctor(config: Config): Promise<void> {
  const asked = { file: values.config, name: values.name };
  const diagnosis = diagnose(await look(surroundingsOf(config, asked)));
  if (values.json) console.log(JSON.stringify(diagnosis));
  else print(shown(diagnosis));
  process.exitCode = exitCodeOfDiagnosis(diagnosis);
}

function minutes(): number {
  const given = Number(values.minutes);
  if (Number.isFinite(given) && given >= 0 && given <= 1_440) return given;
  throw new ConfigError('A pause needs --minutes, from 0 to 1440: a forgotten one must end.');
}

/** Whoever is told to end while they start were told before they asked. */
async function ended(stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
}

function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}
