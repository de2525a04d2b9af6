/** The configured channels, as `NotificationChannels`. */
export const CHANNELS = Symbol('CHANNELS');
