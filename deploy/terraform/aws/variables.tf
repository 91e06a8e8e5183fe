variable "region" {
  description = "Region that everything stands in."
  type        = string
}

variable "zones" {
  description = "Letters of the three zones; named, so that a new zone of the region moves nothing."
  type        = list(string)
  default     = ["a", "b", "c"]

  validation {
    condition     = length(distinct(var.zones)) == 3
    error_message = "zones needs three letters: Kafka has a broker in each."
  }
}

variable "environment" {
  description = "Name of this installation, part of every name."
  type        = string
  default     = "production"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}$", var.environment))
    error_message = "environment needs 2 to 16 small letters, digits and hyphens, a letter first."
  }
}

variable "cidr" {
  description = "Addresses of the network; the network policies of deploy/kubernetes name them too."
  type        = string
  default     = "10.40.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.cidr, 4, 15))
    error_message = "cidr must be a network with room for 16 subnets, such as 10.40.0.0/16."
  }
}

variable "kubernetes_version" {
  description = "Version of the control plane and of the nodes."
  type        = string
  default     = "1.33"
}

variable "node_type" {
  description = "Machine type of the nodes; two processors with AVX2 pick for hundreds of stations."
  type        = string
  default     = "m6i.large"
}

variable "node_count" {
  description = "Nodes at least, to begin with, and at most."
  type = object({
    least = number
    begin = number
    most  = number
  })
  default = {
    least = 3
    begin = 3
    most  = 9
  }

  validation {
    condition     = var.node_count.least >= 1 && var.node_count.least <= var.node_count.begin && var.node_count.begin <= var.node_count.most
    error_message = "node_count needs 1 <= least <= begin <= most."
  }
}

variable "broker_type" {
  description = "Machine type of the Kafka brokers."
  type        = string
  default     = "kafka.m7g.large"
}

variable "broker_storage_gb" {
  description = "Volume of each broker; a hundred stations fill about 4 GB a day and copy."
  type        = number
  default     = 200
}

variable "kafka_user_secrets" {
  description = "Secrets (ARN) with user and password of Kafka clients: names begin with AmazonMSK_, encrypted by the key of the output kms_key_arn."
  type        = list(string)
  default     = []
}

variable "administrators" {
  description = "Roles (ARN) that administer the cluster."
  type        = list(string)
  default     = []
}

variable "log_days" {
  description = "How long logs are kept, days."
  type        = number
  default     = 400

  validation {
    condition     = contains([365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days must be one that CloudWatch knows, a year at least: 365, 400, 545, 731, ..."
  }
}
