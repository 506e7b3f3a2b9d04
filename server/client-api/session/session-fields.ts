import { z } from 'zod';
import type { SessionWish } from '../../accounts/sessions.ts';

/** What POST /login and POST /register say alike of the session that they begin. */
export const sessionFields = {
  device_id: z.string().min(1).max(255).optional(),
  initial_device_display_name: z.string().max(255).optional(),
  refresh_token: z.boolean().optional(),
};

export const sessionWish = (body: {
  device_id?: string | undefined;
  initial_device_display_name?: string | undefined;
  refresh_token?: boolean | undefined;
}): SessionWish => ({
  deviceId: body.device_id,
  initialDisplayName: body.initial_device_display_name,
  refreshable: body.refresh_token ?? false,
});
