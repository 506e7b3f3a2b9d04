import { endpoint } from '../../http/endpoint.ts';
import { notFound } from '../../http/matrix-error.ts';

export interface RtcPorts {
  /** Of the services that let people into calls (MSC4195); those of the operator, which we do not ask. */
  readonly livekitServiceUrls: readonly string[];
}

export const rtcTransports = (urls: readonly string[]) =>
  urls.map((url) => ({ type: 'livekit', livekit_service_url: url }));

/** MSC4143. */
export const getRtcTransports = endpoint({
  operation: 'getRtcTransports',
  routes: ['GET /_matrix/client/unstable/org.matrix.msc4143/rtc/transports'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  async handle(_call, { livekitServiceUrls }: RtcPorts) {
    if (livekitServiceUrls.length === 0) throw notFound('No service for calls is configured');
    return { rtc_transports: rtcTransports(livekitServiceUrls) };
  },
});
