import { existsSync } from 'node:fs';
import { Agent, request } from 'undici';
import { outputOf } from '../../adapters/program.ts';
import type { Pem } from '../../certificates/identity.ts';
import type { Clock } from '../facts.ts';
import { ANSWER_WITHIN_MS } from '../within.ts';

/** Compares this clock with those of etcd's members, of which one is at each other site, by the time that HTTP answers carry. */
export async function lookAtClock(
  endpoints: readonly string[],
  pem: Pem | undefined,
): Promise<Clock> {
  const dispatcher = new Agent({ allowH2: false, connect: { ...pem } });
  try {
    const [synchronized, ...ahead] = await Promise.all([
      isSynchronized(),
      // The first is this machine's own.
      ...endpoints.slice(1).map((url) => aheadOf(url, dispatcher).catch(() => null)),
    ]);
    return { synchronized, ahead: ahead.filter((each) => each !== null) };
  } finally {
    await dispatcher.destroy();
  }
}

async function aheadOf(url: string, dispatcher: Agent): Promise<Clock['ahead'][number] | null> {
  const askedAt = Date.now();
  const answer = await request(`${url}/version`, {
    dispatcher,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  await answer.body.dump();
  const answeredAt = Date.now();
  const told = Date.parse(String(answer.headers.date));
  if (Number.isNaN(told)) return null;
  return { member: new URL(url).host, ms: outside(told, askedAt, answeredAt) };
}

/** It was told at some moment between, and within the second that it names. */
function outside(told: number, askedAt: number, answeredAt: number): number {
  if (askedAt > told + 999) return askedAt - (told + 999);
  return answeredAt < told ? answeredAt - told : 0;
}

async function isSynchronized(): Promise<boolean | null> {
  // A container has the clock of its host, which no daemon in it can set.
  if (existsSync('/run/systemd/container') || existsSync('/.dockerenv')) return null;
  const options = ['show', '--property', 'NTPSynchronized', '--value'];
  return outputOf('timedatectl', options, { withinMs: ANSWER_WITHIN_MS }).then(
    (said) => said.trim() === 'yes',
    () => null,
  );
}
