/** The members that have a value: where absent and undefined are not the same, a record is built from what is there. */
export const definedMembers = <Members extends object>(members: Members): { readonly [Name in keyof Members]?: Exclude<Members[Name], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { readonly [Name in keyof Members]?: Exclude<Members[Name], undefined> };
