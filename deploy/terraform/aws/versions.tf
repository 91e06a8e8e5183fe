terraform {
  required_version = ">= 1.10, < 2.0" # the first with use_lockfile

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # State holds no secret of this configuration, but names all that there is: keep it in a bucket of
  # yours, named by `terraform init -backend-config=...`
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      application = "mainshock"
      environment = var.environment
    }
  }
}
