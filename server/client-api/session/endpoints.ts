import { generateLoginToken } from './generate-login-token.ts';
import { getLoginFlows } from './get-login-flows.ts';
import { getTokenOwner } from './get-token-owner.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { logoutAll } from './logout-all.ts';
import { refresh } from './refresh.ts';

export const sessionEndpoints = [
  getLoginFlows,
  login,
  generateLoginToken,
  refresh,
  logout,
  logoutAll,
  getTokenOwner,
];
