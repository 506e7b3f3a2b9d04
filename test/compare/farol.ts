import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCluster } from '../cluster/support/cluster.ts';
import { switchover, untilWell } from '../cluster/support/farol.ts';
import { storedMessages } from '../cluster/support/load.ts';
import { forgetLosses } from '../cluster/support/losses-forgotten.ts';
import { commonVersions, type System } from './system.ts';

/** The lab of test/cluster as it is. */
export async function startFarol(): Promise<System> {
  const cluster = await startCluster({ sites: 3 });
  return {
    name: 'farol',
    cluster,
    untilWhole: (withinMs) => untilWell(cluster, withinMs),
    async untilGathered() {
      await untilWell(cluster);
      // A site that was lost twice leaves the lead by itself: that is what the run before did, not this one.
      await forgetLosses(cluster);
      return untilWell(cluster);
    },
    kill: (program, at) => at.signal('KILL', program === 'homeserver' ? 'server' : 'front'),
    switchover,
    stored: (prefix) => storedMessages(cluster, prefix),
    versions: async () => ({ Farol: farolVersion(), ...(await commonVersions(cluster.sites[0]!)) }),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

function farolVersion(): string {
  const file = join(import.meta.dirname, '../../package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
