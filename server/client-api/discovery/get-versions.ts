import { endpoint } from '../../http/endpoint.ts';
import type { RtcPorts } from '../calls/get-rtc-transports.ts';

/**
 * Only versions of which everything is served, but for what is for application services and for an OAuth login. Of 1.17 to
 * 1.19 all else is: legacy mentions gone, suspending and locking, invite permission, redactions by PUT /send, policy servers,
 * mutual rooms; what these brought for clients alone (image packs, shared history, recent emoji) is data like any other.
 */
const VERSIONS = Array.from({ length: 19 }, (_, at) => `v1.${at + 1}`);

/** Proposals that are served whole, by the names by which clients look for them. */
const UNSTABLE_FEATURES = {
  // Threads, lists of them, and relations in either direction and over several hops.
  'org.matrix.msc3440.stable': true,
  'org.matrix.msc3715.stable': true,
  'org.matrix.msc3856.stable': true,
  // Room summaries, at their place in the specification too.
  'org.matrix.msc3266': true,
  // Redaction of what relates to an event along with it.
  'org.matrix.msc3912': true,
  'org.matrix.msc3981': true,
  // Delayed events, as they were proposed and as that was merged.
  'org.matrix.msc4140': true,
  'org.matrix.msc4140.stable': true,
  'org.matrix.msc3814': true,
  'uk.half-shot.msc2666.query_mutual_rooms': true,
  // Profiles of any fields, and suspending and locking, at their places in the specification.
  'uk.tcpip.msc4133.stable': true,
  'uk.timedout.msc4323.stable': true,
  // Without it clients fetch files without a token, at the paths that are frozen.
  'org.matrix.msc3916.stable': true,
  // Files whose id is known before their content, and pings, for bridges that look for no version.
  'fi.mau.msc2246.stable': true,
  'fi.mau.msc2659.stable': true,
};

export const getVersions = endpoint({
  operation: 'getVersions',
  routes: ['GET /_matrix/client/versions'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  // By this fronts learn whether the writer may answer again, though any server could say it.
  servedBy: 'writer',
  handle: async (_call, { livekitServiceUrls }: RtcPorts) => ({
    versions: VERSIONS,
    unstable_features: {
      ...UNSTABLE_FEATURES,
      ...(livekitServiceUrls.length > 0 && { 'org.matrix.msc4143': true }),
    },
  }),
});
