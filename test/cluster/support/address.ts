import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { longestPause, PAUSE_MS } from '../../support/history/measure.ts';
import type { Cluster } from './cluster.ts';
import type { Site } from './site.ts';
import { FRONT_PORT, floating } from './site-files.ts';

/** The sites that hold a floating address, as the sites themselves say; those without power cannot. */
export async function holdersOfAddress(cluster: Cluster): Promise<readonly Site[]> {
  const asked = cluster.sites.map(async (site) => {
    const shown = await site.run(['ip', '-o', 'address', 'show']).catch(() => undefined);
    const has = (address: string) => shown?.stdout.includes(` ${address}/`) === true;
    return { site, holds: floating(cluster.plan).some(has) };
  });
  return (await Promise.all(asked)).filter(({ holds }) => holds).map(({ site }) => site);
}

const EVERY_MS = 100;
/** Much longer than a busy machine takes: whoever is slow is there. */
const HANDSHAKE_MS = 5000;

/** Makes a new TLS connection to the address every 100 ms; gives the times at which one was answered. */
export function watchAddress(cluster: Cluster, signal: AbortSignal): readonly number[] {
  const answeredAt: number[] = [];
  const watch = async () => {
    while (!signal.aborted) {
      void shakeHands(cluster).then((done) => done && answeredAt.push(performance.now()));
      await sleep(EVERY_MS);
    }
  };
  void watch();
  return answeredAt;
}

function shakeHands(cluster: Cluster): Promise<boolean> {
  const { address, serverName } = cluster.plan;
  return new Promise((resolve) => {
    const end = (done: boolean) => {
      socket.destroy();
      resolve(done);
    };
    const options = { host: address, port: FRONT_PORT, servername: serverName, ca: cluster.ca };
    const socket = connect(options, () => end(true));
    socket.setTimeout(HANDSHAKE_MS, () => end(false)).on('error', () => end(false));
  });
}

/** From a fault until the address answers for good; 0 if it never fell silent. */
export function silenceAfter(answeredAt: readonly number[], faultAt: number): number {
  const { ms, until } = longestPause(answeredAt, faultAt);
  return ms < PAUSE_MS ? 0 : Math.round(until - faultAt);
}
