import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeEach } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
import { forgetLosses } from './losses-forgotten.ts';

/**
 * One cluster for all tests of a file, in which no test finds what the one before did. If a test fails, the logs of all machines are kept, and the next one has a new
 * cluster: what the failed one left frozen, cut off or paused would fail it, too, for a reason that is not its own.
 */
export function useCluster(options: ClusterOptions): () => Cluster {
  let cluster: Cluster | undefined;
  const theCluster = () => {
    if (!cluster) throw new Error('The cluster is made before the first test.');
    return cluster;
  };
  const end = async () => {
    const ended = cluster;
    cluster = undefined;
    await ended?.[Symbol.asyncDispose]();
  };
  beforeEach(async ({ onTestFailed, task }) => {
    if (cluster === undefined) cluster = await startCluster(options);
    else if (options.units === undefined) await forgetLosses(cluster);
    onTestFailed(async () => {
      await keepLogs(theCluster(), task.name).catch(console.error);
      await end();
    });
  });
  afterAll(end);
  return theCluster;
}

const ASK = `cat /run/units/server.pid /run/units/agent.pid /run/units/front.pid | xargs kill -USR2;
  ps axo pid,stat,pcpu,wchan:20,args > /var/log/farol/processes.log; sleep 2`;

/** Read from the file system of each container, so machines without power are read too. */
async function keepLogs(cluster: Cluster, title: string): Promise<void> {
  const name = title.replaceAll(/\W+/g, '-').slice(0, 60);
  const folder = join(import.meta.dirname, '../../../.cache/cluster/logs', name);
  mkdirSync(folder, { recursive: true });
  for (const machine of cluster.machines) {
    // What its programs are doing: a report of Node each, and the list of processes.
    await machine.run(['sh', '-c', ASK]).catch(() => undefined);
    const archive = await machine.container.getArchive({ path: '/var/log/farol' });
    await pipeline(archive, createWriteStream(join(folder, `${machine.name}.tar`)));
  }
  console.log(`The logs of all machines are in ${folder}`);
}
