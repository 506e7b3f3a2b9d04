import { z } from 'zod';

/** As the specification bounds both ("Opaque identifiers"). */
export const clientSecret = z.string().regex(/^[0-9a-zA-Z.=_-]{1,255}$/);
const sid = z.string().regex(/^[0-9a-zA-Z.=_-]{1,255}$/);

/** By which a client names a validation that it has begun. */
export const credentialFields = { client_secret: clientSecret, sid };

export const credentialsIn = (body: { client_secret: string; sid: string }) => ({
  sid: body.sid,
  clientSecret: body.client_secret,
});
