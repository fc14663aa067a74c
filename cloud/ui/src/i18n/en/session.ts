import type { session as zh } from "../zh/session";

export const session: typeof zh = {
  login: {
    title: "Log in",
    lead: "Every signal on the shop floor leads to a customer's order.",
    username: "User name",
    password: "Password",
    submit: "Log in",
    points: [
      "Every machine's state, to the second",
      "Every OEE figure opens to what it is made of",
      "Every machine alarm names the order and the customer it concerns",
    ],
  },
  user: {
    menu: "User menu",
    logout: "Log out",
    roles: { admin: "Administrator", manager: "Manager", planner: "Planner", operator: "Operator", maintainer: "Maintainer" },
  },
};
