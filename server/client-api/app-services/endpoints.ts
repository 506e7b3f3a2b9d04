import { pingAppservice } from './ping-appservice.ts';
import { updateAppserviceRoomDirectoryVisibility } from './update-appservice-room-directory-visibility.ts';

export const appServiceEndpoints = [pingAppservice, updateAppserviceRoomDirectoryVisibility];
