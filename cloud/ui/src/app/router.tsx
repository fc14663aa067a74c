import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { Problem } from "../api/problem";
import { plantQuery, sessionQuery } from "../api/queries";
import { plantClock } from "../live/plantClock";
import { FailedPage } from "../parts/FailedPage";
import { LoadingPage } from "../parts/LoadingPage";
import { MissingPage } from "../parts/MissingPage";
import { fetched } from "./fetched";
import { makeQueryClient } from "./queries";
import { alarmsSearch, loginSearch, oeeSearch, ordersSearch } from "./search";

const root = createRootRoute({ notFoundComponent: MissingPage });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: loginSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/login/LoginPage")), "LoginPage"),
});

/** Everything that needs a session: it is asked for once, and the plant is known before a page draws. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ location }) => {
    try {
      await queries.ensureQueryData(sessionQuery);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        throw redirect({ to: "/login", search: location.pathname === "/" ? {} : { back: location.href } });
      }
      throw error;
    }
  },
  loader: async () => {
    const plant = await queries.ensureQueryData(plantQuery);
    if (plantClock.now() === null) plantClock.set(plant.plant_now, plant.speed);
  },
  component: lazyRouteComponent(fetched(() => import("../shell/Shell")), "Shell"),
});

const live = createRoute({
  getParentRoute: () => inside,
  path: "/",
  component: lazyRouteComponent(fetched(() => import("../pages/live/LivePage")), "LivePage"),
});

const oee = createRoute({
  getParentRoute: () => inside,
  path: "/oee",
  validateSearch: oeeSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/oee/OeePage")), "OeePage"),
});

const orders = createRoute({
  getParentRoute: () => inside,
  path: "/orders",
  validateSearch: ordersSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/orders/OrdersPage")), "OrdersPage"),
});

const thread = createRoute({
  getParentRoute: () => inside,
  path: "/orders/$number",
  component: lazyRouteComponent(fetched(() => import("../pages/thread/ThreadPage")), "ThreadPage"),
});

const alarms = createRoute({
  getParentRoute: () => inside,
  path: "/alarms",
  validateSearch: alarmsSearch,
  component: lazyRouteComponent(fetched(() => import("../pages/alarms/AlarmsPage")), "AlarmsPage"),
});

const system = createRoute({
  getParentRoute: () => inside,
  path: "/system",
  component: lazyRouteComponent(fetched(() => import("../pages/system/SystemPage")), "SystemPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([login, inside.addChildren([live, oee, orders, thread, alarms, system])]),
  defaultPreload: "intent",
  defaultErrorComponent: FailedPage,
  defaultPendingComponent: LoadingPage,
  defaultPendingMs: 250,
  scrollRestoration: true,
});

export const queries = makeQueryClient(() => {
  const { pathname, href } = router.state.location;
  if (pathname === "/login") return;
  queries.removeQueries({ queryKey: sessionQuery.queryKey });
  void router.navigate({ to: "/login", search: pathname === "/" ? {} : { back: href } });
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
