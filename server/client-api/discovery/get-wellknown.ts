import { endpoint } from '../../http/endpoint.ts';
import { notFound } from '../../http/matrix-error.ts';
import { type RtcPorts, rtcTransports } from '../calls/get-rtc-transports.ts';

export interface PublicUrl {
  /** Where clients reach this server, if the operator has said so. */
  readonly publicUrl: string | undefined;
}

export const getWellknown = endpoint({
  operation: 'getWellknown',
  routes: ['GET /.well-known/matrix/client'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  servedBy: 'any',
  async handle(_call, { publicUrl, livekitServiceUrls }: PublicUrl & RtcPorts) {
    if (publicUrl === undefined) throw notFound('This server has no public URL configured');
    return {
      'm.homeserver': { base_url: publicUrl },
      ...(livekitServiceUrls.length > 0 && {
        'org.matrix.msc4143.rtc_foci': rtcTransports(livekitServiceUrls),
      }),
    };
  },
});
