import { Outlet } from "@tanstack/react-router";
import { LiveProvider } from "../live/LiveProvider";

/** A page without the shell that still follows the plant. */
export function BareScreen() {
  return (
    <LiveProvider>
      <Outlet />
    </LiveProvider>
  );
}
