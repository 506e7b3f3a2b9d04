import { ratesOf } from './config/rates.ts';
import { servicesOf } from './config/services.ts';
import { termsOf } from './config/terms.ts';
import { featureGround } from './feature-ground.ts';
import { type AccountPorts, buildFeatures } from './features.ts';
import { gateOf } from './gate.ts';
import { type HousePorts, portsOf } from './house-ports.ts';
import type { Mount } from './http/mount.ts';
import { RateLimits } from './http/rate-limits.ts';
import { requestListener } from './http/serve.ts';
import { OutcomeStore } from './log/outcome-store.ts';
import { mountsOf } from './mounts.ts';
import { greeting } from './role/greeting.ts';
import type { BuildHomeserver, Ground, Homeserver } from './role/serving.ts';

/** Builds everything that a writer is: the one place where all parts meet. */
export const buildHomeserver: BuildHomeserver = (ground) =>
  buildServing(mountsOf(ground.config), ground);

export async function buildServing(
  mounts: readonly Mount<HousePorts>[],
  ground: Ground,
): Promise<Homeserver> {
  const { config, log, database, lookUps, identity, logger, behindFront, publicUrl } = ground;
  const rateLimits = new RateLimits(ratesOf(config.rateLimits));
  const features = await buildFeatures(featureGround(ground, rateLimits));
  await features.appServices.ports.appServices.begin();
  await features.serverNotices.begin();
  await features.delayedEvents.begin();
  await features.search.begin();
  features.mail?.outbox.begin();
  await features.federation.begin({
    noLongerTold: (roomId, nids) => features.rooms.ports.rooms.noLongerTold(roomId, nids),
    justCommitted: (position) => features.rooms.ports.rooms.justCommitted(position),
  });
  await features.rooms.begin();
  features.retention?.begin();
  const ports = portsOf(features, {
    ...config,
    mediaOptions: config.media,
    terms: termsOf(config.terms),
    ...servicesOf(config),
    policyServerKey: config.policyServerKey,
    signInClients: config.signIn.clients,
    rateLimits,
    publicUrl,
    now: Date.now,
  });
  const outcomes = new OutcomeStore({
    ...{ database: lookUps, pages: database, log, seal: identity.sealFor('outcomes') },
    onError: (err) => logger.warn({ err }, 'the keys of outcomes could not be read yet'),
  });
  const gate = gateOf(features, ports, {
    ...{ log, outcomes, logger, behindFront },
    onAnswered: ground.metrics.answered,
  });
  const greets = await welcome(ground, features.accounts.ports);
  void outcomes.begin();
  return {
    handler: requestListener(mounts, gate),
    greeting: greets,
    answers: () => features.federation.answers(),
    close: async () => {
      outcomes.close();
      await features.close();
    },
  };
}

async function welcome(ground: Ground, { accounts, registrationTokens }: AccountPorts) {
  const { config, publicUrl } = ground;
  const [known] = await registrationTokens.list();
  const token =
    config.registration === 'token' ? (known ?? (await registrationTokens.create())) : undefined;
  return greeting({
    config,
    publicUrl,
    registrationToken: token?.token,
    hasAccounts: await accounts.hasAny(),
  });
}
