import { endpoint } from '../../http/endpoint.ts';
import { knownMedia, type MediaPorts, mediaPath, toldListed } from './told-media.ts';

export const getMediaDetails = endpoint({
  operation: 'adminGetMedia',
  routes: ['GET /_synapse/admin/v1/media/{serverName}/{mediaId}'],
  auth: 'admin',
  rateLimit: 'read',
  idempotency: 'natural',
  path: mediaPath,
  async handle({ path }, ports: MediaPorts) {
    const media = await knownMedia(ports, path);
    return {
      media_info: {
        ...toldListed(media),
        ...{ media_origin: null, filesystem_id: null, url_cache: null },
        ...{ user_id: media.userId, sha256: media.sha256.toString('hex'), authenticated: true },
        ...{ scanned_ts: media.scannedMs, scan_found: media.scanFound },
      },
    };
  },
});
