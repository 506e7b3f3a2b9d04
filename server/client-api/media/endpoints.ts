import { createContent } from './create-content.ts';
import { getConfig } from './get-config.ts';
import { getConfigAuthed } from './get-config-authed.ts';
import { getContent } from './get-content.ts';
import { getContentAuthed } from './get-content-authed.ts';
import { getContentOverrideName } from './get-content-override-name.ts';
import { getContentOverrideNameAuthed } from './get-content-override-name-authed.ts';
import { getContentThumbnail } from './get-content-thumbnail.ts';
import { getContentThumbnailAuthed } from './get-content-thumbnail-authed.ts';
import { getUrlPreview } from './get-url-preview.ts';
import { getUrlPreviewAuthed } from './get-url-preview-authed.ts';
import { uploadContent } from './upload-content.ts';
import { uploadContentToMXC } from './upload-content-to-mxc.ts';

/** Under the prefix of the client-server API. */
export const authedMediaEndpoints = [
  getConfigAuthed,
  getContentAuthed,
  getContentOverrideNameAuthed,
  getContentThumbnailAuthed,
  getUrlPreviewAuthed,
];

/** Under the prefix that is of the content repository alone, from before it asked for tokens. */
export const mediaEndpoints = [
  createContent,
  uploadContent,
  uploadContentToMXC,
  getConfig,
  getContent,
  getContentOverrideName,
  getContentThumbnail,
  getUrlPreview,
];
