import { postSignInName } from './choose-name.ts';
import { getSignInBack } from './come-back.ts';
import { postSignInLogout } from './log-out-by-provider.ts';
import { getSignInProve } from './prove.ts';
import { redirectToIdP } from './redirect-to-idp.ts';
import { redirectToSSO } from './redirect-to-sso.ts';

/** For people in a browser, who sign in by a provider. */
export const signInPages = [
  redirectToSSO,
  redirectToIdP,
  getSignInBack,
  postSignInName,
  getSignInProve,
  postSignInLogout,
];
