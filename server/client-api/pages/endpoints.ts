import { getConfirmEmail, postConfirmEmail } from './confirm-email.ts';
import { getAuthFallback } from './get-auth-fallback.ts';
import { getLoginFallback } from './get-login-fallback.ts';
import { getRoot } from './get-root.ts';
import { getWelcome } from './get-welcome.ts';
import { postAuthFallback } from './post-auth-fallback.ts';

/** What people see of this server in a browser. */
export const pages = [
  getAuthFallback,
  postAuthFallback,
  getConfirmEmail,
  postConfirmEmail,
  getLoginFallback,
  getWelcome,
];

/** Where they come when they type its name. */
export const frontDoor = [getRoot];
