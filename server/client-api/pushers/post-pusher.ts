import { z } from 'zod';
import type { Pushers } from '../../accounts/pushers.ts';
import { endpoint } from '../../http/endpoint.ts';
import { invalidParam } from '../../http/matrix-error.ts';
import { onDevice } from '../on-device.ts';

const gone = z.object({
  kind: z.null(),
  app_id: z.string().max(64),
  pushkey: z.string().max(512),
});

const pusher = z.object({
  kind: z.literal('http'),
  app_id: z.string().max(64),
  pushkey: z.string().max(512),
  app_display_name: z.string().max(255),
  device_display_name: z.string().max(255),
  profile_tag: z.string().max(255).optional(),
  lang: z.string().max(255),
  data: z.looseObject({ url: z.string(), format: z.string().optional() }),
  append: z.boolean().default(false),
});

export const postPusher = endpoint({
  operation: 'postPusher',
  routes: ['POST /_matrix/client/v3/pushers/set'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  body: { json: z.discriminatedUnion('kind', [gone, pusher]) },

  async handle({ caller, body }, { pushers }: { pushers: Pick<Pushers, 'set' | 'remove'> }) {
    const address = { appId: body.app_id, pushkey: body.pushkey };
    if (body.kind === null) {
      await pushers.remove(caller.userId, address);
      return {};
    }
    refuseWrongUrl(body.data.url);
    const { append, ...content } = body;
    await pushers.set(onDevice(caller), address, { content: content as never, append });
    return {};
  },
});

/** "MUST be an HTTPS URL with a path of /_matrix/push/v1/notify"; plain HTTP is for gateways nearby. */
function refuseWrongUrl(text: string) {
  const url = URL.parse(text);
  if (!url || !['https:', 'http:'].includes(url.protocol))
    throw invalidParam('data.url must be an HTTP URL');
  if (url.pathname !== '/_matrix/push/v1/notify')
    throw invalidParam('data.url must have the path /_matrix/push/v1/notify');
}
