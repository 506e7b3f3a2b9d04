import { requestsEmailToken } from './request-email-token.ts';

export const requestTokenToRegisterEmail = requestsEmailToken(
  'requestTokenToRegisterEmail',
  'register',
  'register',
);
