import { endpoint } from '../../http/endpoint.ts';
import type { RtcPorts } from '../calls/get-rtc-transports.ts';

/**
 * Only versions of which everything is served. A client that finds v1.4, say, asks for lists of
 * threads.
 */
const VERSIONS = ['v1.1'];

/** Proposals that are served whole, by the names by which clients look for them. */
const UNSTABLE_FEATURES = {
  'org.matrix.msc3814': true,
  // Profiles of any fields, and suspending and locking, at their places in the specification.
  'uk.tcpip.msc4133.stable': true,
  'uk.timedout.msc4323.stable': true,
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
