import packageJson from '../../package.json' with { type: 'json' };
import type { ClusterConfig, Config } from '../config/schema.ts';
import { sharedSecretFile } from '../identity/secret-file.ts';
import { bootTimeMs } from '../log/deadline.ts';
import { makeMetrics } from '../metrics/metrics.ts';
import { auditBefore } from '../storage/accounts/audit.ts';
import { DRAIN_MS, type StartOptions } from './alone.ts';
import { type Health, openControlSocket } from './control-socket.ts';
import { DatabaseProbe } from './database-probe.ts';
import { openDoor } from './door.ts';
import { openPools } from './pools.ts';
import { Role } from './role.ts';
import type { Running } from './serving.ts';
import { startWriting, type Writing, type WritingOptions } from './writing.ts';

const READERS_MAX = 16;

/**
 * A site of a cluster: the agent gives the role. A follower answers its health and position, and
 * turns clients away; it is cold, so a takeover begins with an empty memory (D5).
 */
export async function startSite(
  options: StartOptions & { cluster: ClusterConfig },
): Promise<Running> {
  const { config, cluster, logger } = options;
  // Without its clock each takeover would fail at its first commit, and be tried again without end.
  bootTimeMs();
  const secret = sharedSecretFile(cluster.secretFile);
  const stack = new AsyncDisposableStack();
  try {
    const { listen: address, ca, certificate, key } = cluster;
    const door = await openDoor({ address, mutualTls: { ca, certificate, key } });
    stack.defer(() => door.drain(DRAIN_MS));
    const { database, lookUps, bulk } = openPools({
      url: cluster.databaseUrl,
      readersMax: READERS_MAX,
      logger,
      stack,
    });
    const probe = new DatabaseProbe(database);
    let writing: Writing | undefined;
    const metrics = makeMetrics({ committed: () => writing?.log.committed });
    const ground: WritingOptions['ground'] = {
      config,
      database,
      lookUps,
      bulk,
      metrics,
      logger,
      publicUrl: config.publicUrl ?? `https://${config.serverName}`,
      behindFront: true,
    };
    const role = new Role({
      async becomeWriter(term) {
        const takeover = {
          url: cluster.databaseUrl,
          ...term,
          onEnd: (reason: Error) => options.onEnd(reason, 'at-once'),
          onBatch: metrics.batch,
        };
        const begun = await startWriting({ takeover, secret, ground, build: options.build });
        writing = begun;
        stack.defer(() => begun.close());
        door.lead(begun.homeserver.handler);
        begun.homeserver.answers();
        stack.defer(async () => {
          door.turnAway();
          await begun.homeserver.close();
          await door.drain(DRAIN_MS);
        });
      },
      end: (why) => options.onEnd(new Error(why), 'gently'),
    });
    const control = await openControlSocket(cluster.runtimeDir, {
      health: () => healthOf({ config, cluster, role, probe, writing }),
      assign: (assignment) => role.assign(assignment),
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
      audit: (limit) => auditBefore(database, { before: Number.MAX_SAFE_INTEGER, limit }),
    });
    stack.defer(() => control.close());
    return {
      origin: door.origin,
      greeting: `The site ${cluster.site} waits for its agent at ${control.path}.`,
      stop: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function healthOf(parts: {
  config: Config;
  cluster: ClusterConfig;
  role: Role;
  probe: DatabaseProbe;
  writing: Writing | undefined;
}): Promise<Health> {
  const { role, probe, writing, cluster } = parts;
  const { trouble, ...beside } = await probe.state();
  const why = trouble ?? role.why;
  return {
    ...beside,
    ...writing?.log.committed,
    site: cluster.site,
    role: role.name,
    healthy: trouble === undefined,
    waitingMs: Math.round(writing?.log.waitingMs ?? 0),
    ...(why === undefined ? {} : { why }),
    serverVersion: packageJson.version,
  };
}
