/** Addresses of files that Vite puts beside the scripts as they are. */
declare module "*?url" {
  const address: string;
  export default address;
}
